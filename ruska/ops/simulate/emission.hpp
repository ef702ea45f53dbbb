// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ruska/ops/eds/xray_lines.hpp"
#include "ruska/ops/simulate/phantom.hpp"

namespace ruska::ops::simulate {

struct Spectrometer {
  eds::EnergyAxis axis;
  double beam_energy = 200;        ///< keV
  double resolution_mn_ka = 130;   ///< eV
  double background_fraction = 0;  ///< share of bremsstrahlung in the counts
  bool polymer_window = false;     ///< else every photon is counted
  bool escape = false;
  double pile_up = 0;  ///< share of the counts that are two photons taken for one
};

/// What a phase sends into a spectrometer.
struct Emission {
  double brightness = 0;         ///< counts per nm of the phase, in arbitrary but common units; 1 for line weights
  std::vector<double> spectrum;  ///< counts per channel, of sum 1
};

/// The spectrum of a phase; throws invalid_argument when none of its lines, nor any background, falls on the axis.
Emission emission(const Phase& phase, const Spectrometer& spectrometer);

}  // namespace ruska::ops::simulate
