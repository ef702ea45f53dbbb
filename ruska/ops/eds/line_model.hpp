// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Dense>

#include "ruska/ops/eds/find_elements.hpp"
#include "ruska/ops/eds/spectrum_model.hpp"

namespace ruska::ops::eds {

/// What the model of a map's spectra is to hold.
struct LineModelChoice {
  std::vector<std::string> elements{};        ///< empty: those that the sum spectrum shows
  bool also_found = true;                     ///< besides named elements, those that the sum spectrum shows
  std::optional<double> beam_energy{};        ///< keV; none: that of the metadata
  std::optional<double> energy_resolution{};  ///< eV at Mn Kα, where the fit starts; none: that of the metadata
  std::optional<double> lowest_energy{}, highest_energy{};  ///< keV, of the channels fitted
  double significance = 5.0;                                ///< of an element that counts as found
};

/// The spectra of a map as sums of line families and a background, and the fit of that sum to the sum spectrum.
struct LineModel {
  EnergyAxis axis;
  Calibration calibration;
  double beam_energy = 0;              ///< keV
  std::int64_t first = 0, size = 0;    ///< channels fitted: [first, first + size)
  std::vector<Family> families;        ///< element by element as asked or found; K before L before M
  Eigen::MatrixXd templates;           ///< size × families: counts per channel of a family of unit area
  Eigen::MatrixXd background_columns;  ///< size × B-splines, and what the detector makes of the lines

  Eigen::VectorXd areas;       ///< per family, counts of all its lines on and off the axis, of the sum spectrum
  Eigen::MatrixXd covariance;  ///< of areas: counting, overlaps, background and the model's own error
  Eigen::VectorXd data;        ///< the sum spectrum over the channels fitted
  Eigen::VectorXd background;  ///< its fitted background, > 0 or 0
  Eigen::VectorXd fit;         ///< background and lines
  double reduced_chi_square = 0;
  FoundElements found;  ///< what the search says of the sum spectrum

  /// Share of a family's area that its lines have within the fitted channels.
  double share_on_axis(std::size_t family) const { return templates.col(static_cast<Eigen::Index>(family)).sum(); }
};

/// Fits the sum spectrum (counts per channel of the whole axis): families unconstrained, so that an element that is
/// not there scatters about zero, B-splines not negative, pile-up and tails of incomplete charge as `find_elements`
/// fits them. Weights are those of `find_elements`, whose variance holds the error of the model itself. The covariance
/// is multiplied by the reduced χ² where that exceeds one. Throws invalid_argument when nothing is named or found, a
/// named element has no line in range or is named twice.
LineModel line_model(std::span<const double> sum, const Description& data, const LineModelChoice& choice);

/// "Fe K".
std::string label_of(const Family& family);
/// The family's alpha line, which stands for it in tables.
const XrayLine& alpha_line(const Family& family);
/// Share of a family's area that its alpha line has at its own place (not in its escape peak).
double alpha_share(const Family& family);

}  // namespace ruska::ops::eds
