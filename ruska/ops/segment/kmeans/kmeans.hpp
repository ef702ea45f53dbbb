// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/ops/segment/kmeans/clustering.hpp"
#include "ruska/ops/segment/kmeans/criteria.hpp"

namespace ruska::ops::segment {

struct KmeansParams {
  std::optional<std::int64_t> clusters{};
  std::int64_t most_clusters = 10;
  std::string choose_by = "silhouette";
  std::string normalization = "auto";
  std::string layout = "auto";
  std::string algorithm = "lloyd";
  std::int64_t starts = 10;
  std::int64_t max_iterations = 300;
  double tolerance = 1e-4;
  std::int64_t sample = 10000;
  std::int64_t silhouette_sample = 2000;
  std::int64_t batch = 4096;
  std::int64_t seed = 0;
};

/// One number of clusters that was tried, on the sample.
struct Trial {
  std::int64_t clusters = 0;
  double inertia = 0;
  Silhouettes::Mean silhouette;
  double information_criterion = 0;
};

struct KmeansResult {
  Clustering best;             ///< of all positions, the largest cluster first
  std::vector<Trial> trials;   ///< the chosen number alone, or every number that was tried
  std::string reason;          ///< why so many clusters
  std::string normalization;   ///< what was compared
  std::int64_t sampled = 0;    ///< positions on which starts and numbers were compared
  std::int64_t in_use = 0;     ///< positions with a label
  double starts_agreeing = 0;  ///< part of the starts that reached the best inertia within 0.1 %
  double total_scatter = 0;    ///< inertia of one single cluster
  double expected_noise = 0;   ///< poisson: the inertia that counting noise alone leaves
};

/// k-means of the rows. Starts and numbers of clusters are compared on at most `sample` positions; the best goes on
/// over all of them. Throws invalid_argument for more clusters than positions, values that overflow, and as
/// `feature_space`.
KmeansResult kmeans(const Rows& rows, const KmeansParams& params, Context& context);

/// Bytes that `kmeans` holds beside the rows' own blocks and cache: altogether, and on top for each worker.
std::int64_t kmeans_memory(const Description& data, const KmeansParams& params);
std::int64_t kmeans_memory_per_worker(const Description& data, const KmeansParams& params);

}  // namespace ruska::ops::segment
