// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <numeric>

#include "ruska/base/random.hpp"
#include "ruska/ops/segment/kmeans/assignment.hpp"

namespace ruska::ops::segment {
namespace {

constexpr int patience = 10;  // steps without a better moving average of the inertia, as in common practice

/// Partitions in random order.
std::vector<std::int64_t> shuffled(std::int64_t count, std::int64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Random random(static_cast<std::uint64_t>(seed), "kmeans_batches", static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace

void mini_batches(const Positions& positions, std::int64_t batch, std::int64_t epochs, std::int64_t seed,
                  Clustering& clustering, Context& context) {
  const FeatureSpace& space = positions.space;
  const Partitions& partitions = positions.rows.partitions();
  Assigner assigner(positions);
  Course course(positions, clustering);
  const std::vector<Course*> alone{&course};
  const std::size_t clusters = course.layout.clusters, columns = course.layout.columns;
  std::vector<double> seen(clusters, 0.0);
  const auto at_once = static_cast<std::size_t>(
      std::clamp<std::int64_t>((batch + partitions.largest() - 1) / partitions.largest(), 1, partitions.count()));
  double average = 0, best = std::numeric_limits<double>::infinity();
  int worse = 0;
  for (std::int64_t epoch = 0; epoch < epochs && !clustering.converged; ++epoch) {
    course.clear_labels();
    const std::vector<std::int64_t> order = shuffled(partitions.count(), seed, epoch);
    for (std::size_t begin = 0; begin < order.size() && !clustering.converged; begin += at_once) {
      const auto first = order.begin() + static_cast<std::ptrdiff_t>(begin);
      std::vector<std::int64_t> chosen(first,
                                       first + static_cast<std::ptrdiff_t>(std::min(at_once, order.size() - begin)));
      std::sort(chosen.begin(), chosen.end());
      // One row of these partitions is one chosen partition: as many bytes as it takes to stay alone.
      const Partitions each(static_cast<std::int64_t>(chosen.size()), std::int64_t{1} << 40);
      course.clear_sums();
      course.add(assigner.assign(each, chosen, alone, "mini-batches", context));
      double weight = 0;
      for (std::size_t k = 0; k < clusters; ++k) weight += course.weight(k);
      if (weight == 0) continue;
      const std::vector<double> means = course.means();
      const double inertia = course.inertia(means) / weight;
      for (std::size_t k = 0; k < clusters; ++k) {
        const double added = course.weight(k);
        if (added == 0) continue;
        seen[k] += added;
        double* centre = clustering.centres.data() + k * columns;
        const double* mean = means.data() + k * columns;
        for (std::size_t c = 0; c < columns; ++c) centre[c] += (mean[c] - centre[c]) * added / seen[k];
      }
      clustering.trace.push_back(inertia * space.total_weight);
      const double share = std::min(1.0, 2 * weight / space.total_weight);
      average = clustering.trace.size() == 1 ? inertia : average + share * (inertia - average);
      worse = average < best ? 0 : worse + 1;
      best = std::min(best, average);
      clustering.converged = worse >= patience;
    }
  }
  course.clear_labels();
  course.clear_sums();
  course.add(assigner.assign(partitions, {}, alone, "assigning positions", context));
  clustering.inertia = course.inertia(course.means());
  clustering.trace.push_back(clustering.inertia);
  clustering.size.resize(clusters);
  for (std::size_t k = 0; k < clusters; ++k) clustering.size[k] = static_cast<std::int64_t>(course.size(k));
  complete(positions, clustering, context);
}

}  // namespace ruska::ops::segment
