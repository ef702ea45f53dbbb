// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/segment/kmeans/clustering.hpp"

namespace ruska::ops::segment {

/// Euclidean distances between some positions, for silhouettes of any labels.
class Silhouettes {
 public:
  /// Distances between at most `most` of the positions, evenly drawn: rows · rows · 8 bytes.
  Silhouettes(const Positions& positions, std::int64_t most, std::int64_t seed, Context& context);

  struct Mean {
    double value = 0;
    double sigma = 0;  ///< standard error of the mean over the positions that were drawn
  };
  /// Mean of (b − a) / max(a, b): a, mean distance to the other positions of the own cluster; b, least mean distance to
  /// another cluster; 0 for a cluster of one (Rousseeuw, J. Comput. Appl. Math. 20, 53 (1987)). 0 for one cluster.
  Mean mean(const Clustering& clustering) const;

  static std::int64_t memory(std::int64_t channels, std::int64_t most);

 private:
  std::vector<std::int64_t> chosen_;
  std::vector<double> distance_;
};

/// Bayesian information criterion of a clustering, less terms that do not depend on it; the least is best. Positions
/// are drawn from clusters of probability n_k/N and scatter about their centre with equal variance in all channels:
///   −2 ln L + (number of free values) · ln N,  −2 ln L = inertia/σ² − 2 Σ n_k ln(n_k/N).
/// Shares of counts have σ² = 1 in the units of the poisson normalization, and their channels count as free values by
/// what noise adds to them (`FeatureSpace::degrees_of_freedom`); else σ² is fitted (Pelleg and Moore, ICML 2000):
///   −2 ln L = N d ln(inertia/(N d)) − 2 Σ n_k ln(n_k/N).
double information_criterion(const Clustering& clustering, const FeatureSpace& space);

}  // namespace ruska::ops::segment
