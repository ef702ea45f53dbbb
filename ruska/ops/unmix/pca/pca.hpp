// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::unmix {

struct PcaParams {
  std::optional<std::int64_t> components{};
  std::string weighting = "auto";
  std::string center = "none";
  std::string rank_rule = "gavish_donoho";
  std::string svd_solver = "full";
  std::int64_t scree_length = 30;
  std::int64_t seed = 0;
  std::int64_t bootstrap = 0;
};

/// Leading components of a matrix of positions × channels: data ≈ mean + loadings · factors.
struct PcaResult {
  std::int64_t components = 0;
  bool poisson_weighted = false;
  std::string reason;  ///< why this number of components, as sentences

  std::vector<double> factors;   ///< components × channels, data units
  std::vector<double> loadings;  ///< positions × components (position-major); 0 for empty, NaN for masked positions
  std::vector<double> mean;      ///< center "navigation": per channel; "signal": per position; else empty
  bool mean_per_position = false;

  std::vector<double> singular_values;  ///< of the weighted, centred matrix, falling; scree_length or components many,
                                        ///< or, of a search, one more than components
  double total_sum_of_squares = 0;      ///< of that whole matrix
  double noise = 0;                     ///< standard deviation of the noise of one element of that matrix
  double noise_over_counts = 0;       ///< of Poisson-weighted data: 1 where it is that of counts, else its ratio to it
  std::vector<double> row_weight;     ///< the matrix is diag(row_weight) · (data − mean) · diag(column_weight)
  std::vector<double> column_weight;  ///< 0 for empty and masked ones
  Marginals marginals;
};

/// Leading components in float64, exact or, with svd_solver "randomized", searched. Throws bad_data for NaN or infinite
/// values; invalid_argument for Poisson weights with negative values or with centring, for more components than the
/// matrix has rows or columns, for count splitting of data that are no counts, and for a search without a number of
/// components. `known` saves the pass that takes the marginals.
PcaResult pca(const Rows& data, const PcaParams& params, Context& context, const Marginals* known = nullptr);

/// Standard deviations of factors and loadings, of their shapes: the noise of one element of the weighted matrix, of
/// equal variance, passes a product with a unit vector unchanged. First order, the other side held fixed.
std::vector<double> sigma_of_factors(const PcaResult& result);
std::vector<double> sigma_of_loadings(const PcaResult& result);

/// Standard deviations of each component on its own: that of the space which all span, and how noise mixes them within
/// it, to first order (Stewart, Perturbation theory for the singular value decomposition, UMIACS-TR-90-124, 1990); what
/// a factor loses to noise outside that space, to all orders (Benaych-Georges and Nadakuditi, J. Multivar. Anal. 111,
/// 120 (2012)). Where two singular values meet, the mixing is bounded by a whole turn.
struct ComponentSigma {
  std::vector<double> factors, loadings;  ///< of their shapes
};
ComponentSigma sigma_of_components(const PcaResult& result);

/// Bytes that `pca` holds beside the rows' own blocks and cache: altogether, and on top for each worker.
std::int64_t pca_memory(const Description& data, const PcaParams& params);
std::int64_t pca_memory_per_worker(const Description& data, const PcaParams& params = {});

}  // namespace ruska::ops::unmix
