// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <Eigen/Dense>

#include "ruska/ops/eds/xray_lines.hpp"

namespace ruska::ops::eds {

/// How peaks lie on the measured axis: energy on the axis = shift + gain · tabulated energy.
struct Calibration {
  double shift = 0;  ///< keV
  double gain = 1;
  double resolution_mn_ka = 130;  ///< eV
  double slope = 2.5;             ///< growth of the squared width, eV² per eV

  double place(double energy) const { return shift + gain * energy; }
  double width(double energy) const { return full_width(energy, resolution_mn_ka, slope); }
};

/// All lines of one family of one element, and what they look like on an axis.
struct Family {
  int atomic_number = 0;
  char family = 'K';
  std::vector<XrayLine> lines;
};

/// The families of the elements between boron and uranium that occur in specimens, whose alpha line lies within
/// [low, high] keV and whose shell the beam ionises.
std::vector<Family> candidate_families(double low, double high, double beam_energy);

/// Counts per channel that a family of unit area (all its lines, on and off the axis) sends to the channels
/// [first, first + out.size()), silicon escape peaks included.
Eigen::VectorXd family_template(const Family& family, const EnergyAxis& axis, const Calibration& calibration,
                                std::int64_t first, std::int64_t size);

/// Its alpha line alone, without escape peaks: what is left of the template are the lines whose weights the tables must
/// know relative to alpha.
Eigen::VectorXd alpha_template(const Family& family, const EnergyAxis& axis, const Calibration& calibration,
                               std::int64_t first, std::int64_t size);

/// The escape peaks alone.
Eigen::VectorXd escape_template(const Family& family, const EnergyAxis& axis, const Calibration& calibration,
                                std::int64_t first, std::int64_t size);

/// Columns of a smooth background over the channels [first, first + size): cubic B-splines whose knots lie at least
/// five peak widths apart, so that no combination with amplitudes ≥ 0 can imitate a peak.
Eigen::MatrixXd background_templates(const EnergyAxis& axis, double resolution_mn_ka, std::int64_t first,
                                     std::int64_t size);

}  // namespace ruska::ops::eds
