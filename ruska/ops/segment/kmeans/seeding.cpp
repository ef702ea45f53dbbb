// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "ruska/base/random.hpp"
#include "ruska/ops/segment/kmeans/centre_distances.hpp"
#include "ruska/ops/segment/kmeans/clustering.hpp"

namespace ruska::ops::segment {
namespace {

/// Positions as likely as weight · distance, or as weight where there are no distances yet.
class Draw {
 public:
  Draw(const std::vector<double>& weight, const double* distance) : weight_(weight), running_(weight.size()) {
    double sum = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      running_[i] = sum += weight[i] * (distance == nullptr ? 1.0 : distance[i]);
    }
  }
  /// The first position at which the running sum exceeds a part of the whole, from 0 to below 1.
  std::int64_t at(double part) const {
    // Every position lies on a centre already: any will do, and its cluster will stay empty.
    if (!(running_.back() > 0)) return first_in_use();
    auto found = std::upper_bound(running_.begin(), running_.end(), part * running_.back());
    if (found == running_.end()) found = std::lower_bound(running_.begin(), running_.end(), running_.back());
    return found - running_.begin();
  }

 private:
  std::int64_t first_in_use() const {
    const auto first = std::find_if(weight_.begin(), weight_.end(), [](double weight) { return weight > 0; });
    return first == weight_.end() ? 0 : first - weight_.begin();
  }

  const std::vector<double>& weight_;
  std::vector<double> running_;
};

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
      const Draw draw(space.row_weight, k == 0 ? nullptr : nearest.data() + s * number);
      for (std::size_t j = 0; j < candidates; ++j) chosen.push_back(draw.at(random.uniform()));
    }
    const std::vector<double> features = features_of(rows.data(), space, chosen);
    const CentreDistances distances(space, features, static_cast<std::int64_t>(chosen.size()));
    std::vector<double> squared(number * chosen.size());
    const std::vector<double> potential = executor.reduce<std::vector<double>>(
        "seeding", rows.partitions(), [&] { return std::vector<double>(chosen.size(), 0.0); },
        [&](std::vector<double>& left, std::int64_t partition, RowRange range) {
          CentreDistances mine = distances.for_worker();
          mine.go_to(*rows.block(partition));
          for (std::int64_t r = 0; r < range.size(); ++r) {
            const auto row = static_cast<std::size_t>(range.begin + r);
            double* own = squared.data() + row * chosen.size();
            for (std::size_t s = 0, j = 0; s < every; ++s) {
              const double before = nearest[s * number + row];
              for (const std::size_t end = j + candidates; j < end; ++j) {
                own[j] = std::min(before, mine.squared(r, j, space.row_factor[row], positions.deviation[row]));
                left[j] += space.row_weight[row] * own[j];
              }
            }
          }
        },
        [](std::vector<double>& left, std::vector<double>&& right) {
          for (std::size_t j = 0; j < right.size(); ++j) left[j] += right[j];
        });
    executor.gather(rows.partitions(), static_cast<std::int64_t>(chosen.size()), std::span(squared));
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
