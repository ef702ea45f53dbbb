// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "ruska/base/random.hpp"
#include "ruska/ops/segment/kmeans/centre_distances.hpp"
#include "ruska/ops/segment/kmeans/clustering.hpp"

namespace ruska::ops::segment {
namespace {

/// The first position at which the running sum of weight · distance exceeds a part of the whole.
std::int64_t drawn(const std::vector<double>& weight, const double* distance, double part) {
  double total = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) total += weight[i] * (distance == nullptr ? 1.0 : distance[i]);
  double sum = 0;
  std::int64_t last = -1;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const double mass = weight[i] * (distance == nullptr ? 1.0 : distance[i]);
    if (mass <= 0) continue;
    sum += mass;
    last = static_cast<std::int64_t>(i);
    if (sum > part * total) return last;
  }
  if (last >= 0) return last;
  // Every position lies on a centre already: any will do, and its cluster will stay empty.
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (weight[i] > 0) return static_cast<std::int64_t>(i);
  }
  return 0;
}

}  // namespace

std::vector<Clustering> seed_clusterings(const Positions& positions, std::int64_t clusters, std::int64_t starts,
                                         std::int64_t seed, Context& context) {
  const Rows& rows = positions.rows;
  const FeatureSpace& space = positions.space;
  const auto number = static_cast<std::size_t>(rows.rows()), columns = static_cast<std::size_t>(rows.columns());
  const auto every = static_cast<std::size_t>(starts);
  std::vector<Clustering> clusterings(every);
  for (Clustering& one : clusterings) {
    one.clusters = clusters;
    one.centres.reserve(static_cast<std::size_t>(clusters) * columns);
  }
  std::vector<double> nearest(every * number, std::numeric_limits<double>::max());  // start × position
  Executor executor(context);
  for (std::int64_t k = 0; k < clusters; ++k) {
    const auto candidates = k == 0 ? std::size_t{1} : 2 + static_cast<std::size_t>(std::log(clusters));
    std::vector<std::int64_t> chosen;
    for (std::size_t s = 0; s < every; ++s) {
      Random random(static_cast<std::uint64_t>(seed), "kmeans_seeding",
                    (static_cast<std::uint64_t>(clusters) * 1000003u + s) * 1000003u + static_cast<std::uint64_t>(k));
      for (std::size_t j = 0; j < candidates; ++j) {
        chosen.push_back(drawn(space.row_weight, k == 0 ? nullptr : nearest.data() + s * number, random.uniform()));
      }
    }
    const std::vector<double> features = features_of(rows.data(), space, chosen);
    const CentreDistances distances(space, features, static_cast<std::int64_t>(chosen.size()));
    std::vector<double> squared(number * chosen.size());
    executor.for_each_chunk("seeding", rows.partitions(), [&](std::int64_t partition, RowRange range) {
      CentreDistances mine = distances.for_worker();
      mine.go_to(*rows.block(partition));
      for (std::int64_t r = 0; r < range.size(); ++r) {
        const auto row = static_cast<std::size_t>(range.begin + r);
        for (std::size_t j = 0; j < chosen.size(); ++j) {
          const double own = nearest[j / candidates * number + row];
          squared[row * chosen.size() + j] =
              std::min(own, mine.squared(r, j, space.row_factor[row], positions.deviation[row]));
        }
      }
    });
    executor.gather(rows.partitions(), static_cast<std::int64_t>(chosen.size()), std::span(squared));
    std::vector<double> potential(chosen.size(), 0.0);
    for (std::size_t row = 0; row < number; ++row) {
      for (std::size_t j = 0; j < chosen.size(); ++j) {
        potential[j] += space.row_weight[row] * squared[row * chosen.size() + j];
      }
    }
    for (std::size_t s = 0; s < every; ++s) {
      const auto first = potential.begin() + static_cast<std::ptrdiff_t>(s * candidates);
      const auto best = static_cast<std::size_t>(
          std::min_element(first, first + static_cast<std::ptrdiff_t>(candidates)) - potential.begin());
      for (std::size_t row = 0; row < number; ++row) nearest[s * number + row] = squared[row * chosen.size() + best];
      const auto feature = features.begin() + static_cast<std::ptrdiff_t>(best * columns);
      clusterings[s].centres.insert(clusterings[s].centres.end(), feature,
                                    feature + static_cast<std::ptrdiff_t>(columns));
    }
  }
  return clusterings;
}

}  // namespace ruska::ops::segment
