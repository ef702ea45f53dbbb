// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"

namespace ruska::ops::unmix {

struct NmfParams {
  std::optional<std::int64_t> components{};
  std::string loss = "poisson";
  std::string weighting = "auto";
  std::string initialization = "pure_pixel";
  std::int64_t starts = 3;
  double tolerance = 1e-5;
  std::int64_t max_iterations = 200;
  std::int64_t seed = 0;
  std::string spectra = "free";
  std::vector<std::string> elements{};
  std::optional<double> beam_energy{};
  bool sum_to_one = false;
  double smoothness = 0;
  std::string smoothing = "total_variation";
  std::optional<double> sparsity{};
  std::string sparsity_penalty = "logarithm";
  bool automatic_relevance = false;
  std::string rank_rule = "gavish_donoho";
  std::int64_t bootstrap = 0;
};

/// Non-negative factors: data ≈ loadings · factors, components in order of falling total.
struct NmfResult {
  std::int64_t components = 0;
  std::string reason;               ///< why this number of components
  double sparsity = 0;              ///< that was in force
  std::string columns;              ///< what the spectra are made of; empty for free ones
  std::vector<std::uint8_t> known;  ///< per component: its spectrum was given

  std::vector<double> factors;         ///< components × channels, each of unit sum
  std::vector<double> factors_sigma;   ///< same shape; given the loadings
  std::vector<double> loadings;        ///< positions × components (position-major), counts; NaN for masked positions
  std::vector<double> loadings_sigma;  ///< same shape; given the factors

  std::vector<double> factors_spread;   ///< root mean square deviation of what repeated measurements give; empty for
  std::vector<double> loadings_spread;  ///< none

  std::vector<double> objective;  ///< after each pass: KL divergence, or half the weighted sum of squared residuals
  bool converged = false;
  bool counts = false;            ///< the data are counts, so that their noise is known
  std::vector<double> stability;  ///< per component: mean angle in degrees to its match in the other starts; empty
                                  ///< for one start
};

/// Poisson likelihood or weighted least squares. Without `sparsity` it is ½ (the prior of Jeffreys) for counts with a
/// spectrum to find and shares that sum to one, which under the likelihood they do, and 0 otherwise. `known` holds
/// spectra (count × channels) that are fixed beside the free ones; `masks` are those of `data`, for repeated
/// measurements. Throws bad_data for values that are not finite, invalid_argument for negative ones (naming the place),
/// for too many components and for fewer than are known.
NmfResult nmf(const Rows& data, const NmfParams& params, Context& context, std::span<const double> known = {},
              const Masks& masks = {});

/// How much of each given spectrum every position holds.
struct Abundances {
  std::vector<double> loadings;        ///< positions × components, counts; NaN for masked positions
  std::vector<double> loadings_sigma;  ///< from the observed Fisher information; at most the position's counts
  double divergence = 0;               ///< Σ x ln(x/λ) − x + λ over the data
};

/// Poisson maximum likelihood of non-negative loadings for fixed spectra (components × channels, each of unit sum).
Abundances abundances(const Rows& data, std::span<const double> spectra, std::int64_t components, Context& context);

/// Bytes that `nmf` holds beside the rows' own blocks and cache: altogether, and on top for each worker.
std::int64_t nmf_memory(const Description& data, const NmfParams& params);
std::int64_t nmf_memory_per_worker(const Description& data, const NmfParams& params);

}  // namespace ruska::ops::unmix
