// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/kmeans/clustering.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "ruska/ops/segment/kmeans/assignment.hpp"
#include "ruska/ops/segment/kmeans/centre_distances.hpp"

namespace ruska::ops::segment {

void sort_by_size(Clustering& clustering) {
  const auto clusters = static_cast<std::size_t>(clustering.clusters);
  if (clusters == 0) return;
  const std::size_t columns = clustering.centres.size() / clusters;
  std::vector<std::int64_t> first(clusters, std::numeric_limits<std::int64_t>::max());
  for (std::size_t row = clustering.label.size(); row-- > 0;) {
    if (clustering.label[row] >= 0)
      first[static_cast<std::size_t>(clustering.label[row])] = static_cast<std::int64_t>(row);
  }
  std::vector<std::size_t> order(clusters);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return clustering.size[a] != clustering.size[b] ? clustering.size[a] > clustering.size[b] : first[a] < first[b];
  });
  Clustering sorted = clustering;
  std::vector<std::int32_t> number(clusters);
  for (std::size_t k = 0; k < clusters; ++k) {
    number[order[k]] = static_cast<std::int32_t>(k);
    sorted.size[k] = clustering.size[order[k]];
    std::copy_n(clustering.centres.begin() + static_cast<std::ptrdiff_t>(order[k] * columns), columns,
                sorted.centres.begin() + static_cast<std::ptrdiff_t>(k * columns));
  }
  for (std::int32_t& label : sorted.label) label = label < 0 ? -1 : number[static_cast<std::size_t>(label)];
  clustering = std::move(sorted);
}

std::int64_t clustering_memory_per_worker(std::int64_t channels, std::int64_t clusters, std::int64_t clusterings,
                                          std::int64_t rows_of_a_partition) {
  const SumsLayout layout{static_cast<std::size_t>(clusters), static_cast<std::size_t>(channels)};
  return 2 * 8 * clusterings * static_cast<std::int64_t>(layout.length()) +
         CentreDistances::product_bytes(rows_of_a_partition, clusters * clusterings) +
         8 * rows_of_a_partition * (channels + 1);
}

}  // namespace ruska::ops::segment
