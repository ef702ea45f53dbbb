// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/ops/unmix/pca/pca.hpp"

namespace ruska::ops::unmix {

struct MlpcaParams {
  std::optional<std::int64_t> components{};
  std::string rank_rule = "gavish_donoho";
  double tolerance = 1e-6;
  std::int64_t iterations = 100;
  std::int64_t seed = 0;
};

/// Components of the smallest Σ (data − loadings · factors)² / variance.
struct MlpcaResult {
  std::int64_t components = 0;
  std::string reason;                            ///< why this number of components
  std::vector<double> factors, factors_sigma;    ///< components × channels, orthonormal
  std::vector<double> loadings, loadings_sigma;  ///< positions × components; 0 for empty, NaN for masked positions
  std::vector<double> singular_values;           ///< of loadings · factors, falling
  std::vector<double> objective;  ///< after the loadings of each iteration, per degree of freedom; never rises
  std::int64_t iterations = 0;
  bool converged = false;
};

/// Maximum-likelihood principal components. The variance of an element is `variance`'s, or, without it, that of counts
/// with the mean that unmix.pca fits. Throws as `pca`, bad_data for variances that are negative or not finite,
/// invalid_argument for data that are no counts where no variance is given.
MlpcaResult mlpca(const Rows& data, const Rows* variance, const MlpcaParams& params, Context& context);

/// Bytes that `mlpca` holds beside the rows' own blocks and cache: altogether, and on top for each worker.
std::int64_t mlpca_memory(const Description& data, const MlpcaParams& params);
std::int64_t mlpca_memory_per_worker(const Description& data, const MlpcaParams& params);

}  // namespace ruska::ops::unmix
