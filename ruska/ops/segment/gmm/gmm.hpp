// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/ops/segment/feature_space.hpp"
#include "ruska/ops/segment/gmm/mixture.hpp"

namespace ruska::ops::segment {

struct GmmParams {
  std::optional<std::int64_t> clusters{};
  std::int64_t most_clusters = 6;
  std::string covariance = "full";
  std::optional<std::int64_t> principal_components{};
  std::string normalization = "auto";
  std::string layout = "auto";
  std::int64_t starts = 10;
  std::int64_t max_iterations = 100;
  double tolerance = 1e-3;
  double regularization = 1e-6;
  std::int64_t seed = 0;
};

struct GmmResult {
  Mixture mixture;                      ///< clusters by falling weight
  std::vector<std::int64_t> positions;  ///< those that were fitted, rising
  std::vector<double> probability;      ///< positions × clusters
  std::vector<Mixture> trials;          ///< every number of clusters that was tried
  std::string compared;                 ///< what the points are, in words
};

/// A Gaussian mixture of the rows: of their features where there are at most 16 channels, else of their principal
/// components. Throws invalid_argument for a normalization that principal components cannot have, as `feature_space`,
/// and as `fit_mixture`.
GmmResult gmm(const Rows& rows, const GmmParams& params, Context& context);

/// Bytes that `gmm` holds beside the rows' own blocks and cache: altogether, and on top for each worker.
std::int64_t gmm_memory(const Description& data, const GmmParams& params);
std::int64_t gmm_memory_per_worker(const Description& data, const GmmParams& params);

}  // namespace ruska::ops::segment
