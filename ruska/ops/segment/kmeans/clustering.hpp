// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/ops/segment/feature_space.hpp"

namespace ruska::ops::segment {

/// The positions to be clustered: their values, what makes features of them, and what `squared_deviations` gave.
struct Positions {
  const Rows& rows;
  const FeatureSpace& space;
  const std::vector<double>& deviation;
};

/// One partition of the positions into clusters.
struct Clustering {
  std::int64_t clusters = 0;
  std::vector<double> centres;      ///< clusters × channels, features less their mean
  std::vector<std::int64_t> size;   ///< positions of each cluster
  std::vector<std::int32_t> label;  ///< per position; -1 where its weight is 0
  double inertia = 0;               ///< Σ weight · squared distance to the own centre
  std::vector<double> trace;        ///< inertia after each assignment
  bool converged = false;
};

/// `starts` seeds of k-means++ (Arthur and Vassilvitskii, SODA 2007), each the best of 2 + ⌊ln clusters⌋ candidates by
/// the potential left; centres alone are filled. All starts share the passes over the data.
std::vector<Clustering> seed_clusterings(const Positions& positions, std::int64_t clusters, std::int64_t starts,
                                         std::int64_t seed, Context& context);

/// Lloyd's iterations (IEEE Trans. Inf. Theory 28, 129 (1982)) of several clusterings side by side, from their centres:
/// until no label changes, the centres move by less than `tolerance` times the mean variance of a channel (summed
/// squares), or after `iterations`. A cluster that loses all its positions moves to the position farthest from its
/// centre; where there are fewer distinct positions than clusters, the empty ones are dropped. Ties go to the first.
void lloyd(const Positions& positions, std::int64_t iterations, double tolerance, std::vector<Clustering>& clusterings,
           const std::string& stage, Context& context);

/// Mini-batches (Sculley, WWW 2010): each step moves the centres by `batch` positions, taken as whole partitions drawn
/// at random without replacement, with a rate of one over the weight that the cluster has seen; `epochs` times over all
/// positions at most, ending early when the moving average of the inertia has not fallen for 10 steps. Assigns all
/// positions at the end.
void mini_batches(const Positions& positions, std::int64_t batch, std::int64_t epochs, std::int64_t seed,
                  Clustering& clustering, Context& context);

/// Puts the largest cluster first (ties: that of the earlier position).
void sort_by_size(Clustering& clustering);

/// Bytes that each worker needs for the sums of `clusterings` clusterings.
std::int64_t clustering_memory_per_worker(std::int64_t channels, std::int64_t clusters, std::int64_t clusterings,
                                          std::int64_t rows_of_a_partition);

}  // namespace ruska::ops::segment
