// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::unmix {

struct AbundancesParams {
  std::string method = "auto";
  std::string constraint = "sum_to_one";
  std::string weighting = "auto";
  std::optional<double> gain{};  ///< variance of a channel per count; `fit_abundances` takes none for 1
};

/// How much of each given spectrum every position holds. Positions × components, position-major, unless said otherwise.
/// Masked positions have no value (NaN); neither has an abundance of an empty position under `sum_to_one`.
struct AbundanceFit {
  bool likelihood = true;  ///< Poisson maximum likelihood; otherwise least squares
  bool shares = true;      ///< abundances of sum 1; otherwise amounts ≥ 0 in units of the given spectra

  std::vector<double> abundances;
  std::vector<double> covariance;  ///< positions × K(K+1)/2: the upper triangle, row by row
  std::vector<double> low_68, high_68, low_95, high_95;

  std::vector<double> deviance;  ///< per position: −2 ln of the likelihood over its largest possible value; of least
                                 ///< squares the weighted sum of squared residuals
  std::vector<double> misfit;    ///< per position: (χ² − expected)/σ; empty for data that are no counts

  std::vector<double> residual;        ///< per channel: what the data hold beyond the fit, summed over positions
  std::vector<double> residual_sigma;  ///< its standard deviation; empty for data that are no counts

  std::vector<double> mean;        ///< per component: share of all counts, or mean amount; free of the bias that
  std::vector<double> mean_sigma;  ///< the bounds give single positions
};

/// Fits given spectra (components × channels) to every position.
/// Throws invalid_argument for spectra that are negative (likelihood), empty or not independent, and for negative data
/// (likelihood).
AbundanceFit fit_abundances(const Rows& data, const Marginals& sums, std::span<const double> spectra,
                            std::int64_t components, const AbundancesParams& params, Context& context);

/// Bytes that it holds beside the rows' own blocks and cache: altogether, and on top for each worker.
std::int64_t abundances_memory(const Description& data, std::int64_t components);
std::int64_t abundances_memory_per_worker(const Description& data, std::int64_t components);

}  // namespace ruska::ops::unmix
