// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"

namespace ruska::ops::unmix {

/// Spectra and loadings between two passes. The table holds, for each channel, padded_width(components) numbers.
struct Factorization {
  std::size_t components = 0;
  std::size_t channels = 0;
  std::vector<double> table;     ///< spectra, each of unit sum over the channels
  std::vector<double> loadings;  ///< positions × components
};

/// What one pass over the data gives.
struct PassResult {
  double objective = 0;               ///< at the given spectra and the loadings written
  std::vector<double> table;          ///< better spectra, unit sums: the objective there is no higher
  std::vector<double> loading_scale;  ///< by which the loadings are to be multiplied along with the better spectra
  std::vector<double> bold;  ///< spectra, unit sums, that are better still unless they overshoot; empty for none
};

/// Refines `loadings` for the given spectra and improves the spectra for these loadings.
using Pass = std::function<PassResult(const std::vector<double>& table, std::vector<double>& loadings)>;

struct Descent {
  std::vector<double> objective;  ///< falls; one value per pass that was kept
  std::int64_t passes = 0;        ///< with those that were not
  bool converged = false;
};

/// Repeats a pass until the objective falls by less than `tolerance` of itself per pass. Spectra are extrapolated from
/// the last few passes (Anderson, J. ACM 12, 547 (1965), depth 5, in the metric of Poisson noise); an extrapolation or
/// a bold step after which the objective is higher is dropped for the plain step, so that it never rises.
Descent descend(Factorization& state, const Pass& pass, double tolerance, std::int64_t most_passes);

/// Scales the spectra of a table to unit sums; returns the sums. Spectra that sum to 0 stay.
std::vector<double> scale_to_unit_sums(std::vector<double>& table, std::size_t components);

}  // namespace ruska::ops::unmix
