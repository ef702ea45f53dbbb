// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ruska/ops/eds/spectrum_model.hpp"

namespace ruska::ops::eds {

/// A factor that the user gave for an element.
struct GivenFactor {
  int atomic_number = 0;
  double value = 0;
  std::optional<double> sigma{};
};

/// "Fe=1.45" or "Fe=1.45±0.03" each. Throws invalid_argument for what cannot be read, values ≤ 0 and elements given
/// twice.
std::vector<GivenFactor> given_factors(const std::vector<std::string>& texts);

/// X-rays of a family's alpha line per electron and per (atom/cm²) that a detector counts, in cm²:
/// `family_cross_section` shared out by the tables' weights, times the share of the photons that stop in the detector
/// ("polymer_window", "windowless" or "ideal") and do not leave an escape peak. Not yet times the detector's solid
/// angle over 4π.
double alpha_cross_section(const Family& family, double beam_energy, const std::string& detector);

/// Relative standard uncertainty of `alpha_cross_section`: 0.1 for K, 0.2 for L, 0.3 for M lines (D. B. Williams and
/// C. B. Carter, Transmission Electron Microscopy, 2nd ed. 2009, chapter 35: calculated factors are good to 10 to 20 %,
/// and M lines are worse).
double cross_section_error(char family);

}  // namespace ruska::ops::eds
