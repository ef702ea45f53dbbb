// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Lloyd's iterations and mini-batches over rows that stream. Cost of a pass: nonzeros · clusters multiply-adds for the
// distances and nonzeros additions for the sums, for every clustering that still moves; memory per worker: the sums of
// the clusterings. Centres are sums of raw values in the fixed order of the reduction, so that their bits do not depend
// on who adds.
#include "ruska/ops/segment/kmeans/clustering.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "ruska/base/random.hpp"
#include "ruska/ops/segment/kmeans/centre_distances.hpp"

namespace ruska::ops::segment {
namespace {

/// What one clustering gathers in one pass, one after the other in a row of doubles.
struct Sums {
  std::size_t clusters, columns;
  std::size_t values(std::size_t k) const { return k * columns; }
  std::size_t weight(std::size_t k) const { return clusters * columns + k; }
  std::size_t size(std::size_t k) const { return clusters * (columns + 1) + k; }
  std::size_t inertia() const { return clusters * (columns + 2); }
  std::size_t changed() const { return inertia() + 1; }
  std::size_t farthest() const { return inertia() + 2; }      ///< weighted squared distance of the farthest position
  std::size_t farthest_row() const { return inertia() + 3; }  ///< its number
  std::size_t length() const { return inertia() + 4; }
};

/// Assigns the rows of one partition to the nearest centres of every active clustering, and adds them up.
void assign(const Positions& positions, std::int64_t partition, RowRange range, CentreDistances distances,
            const Sums& layout, const std::vector<Clustering*>& active, std::vector<double>& partial) {
  const FeatureSpace& space = positions.space;
  const auto block = positions.rows.block(partition);
  const auto columns = static_cast<std::size_t>(positions.rows.columns());
  distances.go_to(*block);
  for (std::int64_t r = 0; r < range.size(); ++r) {
    const auto row = static_cast<std::size_t>(range.begin + r);
    const double weight = space.row_weight[row];
    if (weight == 0) continue;
    for (std::size_t a = 0; a < active.size(); ++a) {
      double* sums = partial.data() + a * layout.length();
      std::size_t nearest = 0;
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t k = 0; k < layout.clusters; ++k) {
        const double squared =
            distances.squared(r, a * layout.clusters + k, space.row_factor[row], positions.deviation[row]);
        if (squared < least) {
          least = squared;
          nearest = k;
        }
      }
      std::int32_t& label = active[a]->label[row];
      if (label != static_cast<std::int32_t>(nearest)) sums[layout.changed()] += 1;
      label = static_cast<std::int32_t>(nearest);
      sums[layout.inertia()] += weight * least;
      sums[layout.weight(nearest)] += weight;
      sums[layout.size(nearest)] += 1;
      if (weight * least > sums[layout.farthest()]) {
        sums[layout.farthest()] = weight * least;
        sums[layout.farthest_row()] = static_cast<double>(row);
      }
      double* values = sums + layout.values(nearest);
      const double factor = weight * space.row_factor[row];
      if (block->sparse) {
        const auto end = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r) + 1]);
        for (auto i = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r)]); i < end; ++i) {
          values[block->channel[i]] += factor * static_cast<double>(block->value[i]);
        }
      } else {
        const double* dense = block->dense.data() + static_cast<std::size_t>(r) * columns;
        for (std::size_t c = 0; c < columns; ++c) values[c] += factor * dense[c];
      }
    }
  }
}

void merge(const Sums& layout, std::size_t active, std::vector<double>& left, const std::vector<double>& right) {
  for (std::size_t a = 0; a < active; ++a) {
    double* into = left.data() + a * layout.length();
    const double* from = right.data() + a * layout.length();
    for (std::size_t i = 0; i < layout.farthest(); ++i) into[i] += from[i];
    if (from[layout.farthest()] > into[layout.farthest()]) {
      into[layout.farthest()] = from[layout.farthest()];
      into[layout.farthest_row()] = from[layout.farthest_row()];
    }
  }
}

/// The centres of all active clusterings, one after the other.
CentreDistances distances_of(const Positions& positions, const std::vector<Clustering*>& active) {
  std::vector<double> centres;
  std::int64_t count = 0;
  for (const Clustering* one : active) {
    centres.insert(centres.end(), one->centres.begin(), one->centres.end());
    count += one->clusters;
  }
  return {positions.space, centres, count};
}

std::vector<double> pass(const Positions& positions, const Partitions& partitions,
                         const std::vector<std::int64_t>& chosen, const Sums& layout,
                         const std::vector<Clustering*>& active, const std::string& stage, Context& context) {
  const CentreDistances distances = distances_of(positions, active);
  return Executor(context).reduce<std::vector<double>>(
      stage, partitions, [&] { return std::vector<double>(active.size() * layout.length(), 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        if (chosen.empty()) {
          assign(positions, partition, range, distances.for_worker(), layout, active, partial);
          return;
        }
        for (std::int64_t i = range.begin; i < range.end; ++i) {
          const std::int64_t one = chosen[static_cast<std::size_t>(i)];
          assign(positions, one, positions.rows.partitions().range(one), distances.for_worker(), layout, active,
                 partial);
        }
      },
      [&](std::vector<double>& left, std::vector<double>&& right) { merge(layout, active.size(), left, right); });
}

/// A mean of raw sums as a centre: a feature less the mean feature.
double centre_of(const FeatureSpace& space, double sum, double weight, std::size_t column) {
  return sum / weight * space.column_factor[column] - space.mean[column];
}

void drop_empty(Clustering& clustering, std::size_t columns) {
  std::vector<std::int32_t> number(clustering.size.size(), -1);
  std::int32_t next = 0;
  for (std::size_t k = 0; k < number.size(); ++k) {
    if (clustering.size[k] == 0) continue;
    std::copy_n(clustering.centres.begin() + static_cast<std::ptrdiff_t>(k * columns), columns,
                clustering.centres.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(next) * columns));
    clustering.size[static_cast<std::size_t>(next)] = clustering.size[k];
    number[k] = next++;
  }
  clustering.clusters = next;
  clustering.size.resize(static_cast<std::size_t>(next));
  clustering.centres.resize(static_cast<std::size_t>(next) * columns);
  for (std::int32_t& label : clustering.label) label = label < 0 ? -1 : number[static_cast<std::size_t>(label)];
}

void gather_labels(const Positions& positions, Clustering& clustering, Context& context) {
  Executor(context).gather(positions.rows.partitions(), 1, std::span(clustering.label));
}

}  // namespace

void lloyd(const Positions& positions, std::int64_t iterations, double tolerance, std::vector<Clustering>& clusterings,
           const std::string& stage, Context& context) {
  const FeatureSpace& space = positions.space;
  const auto columns = static_cast<std::size_t>(positions.rows.columns());
  double scatter = 0, mean_square = 0;
  for (std::size_t row = 0; row < positions.deviation.size(); ++row) {
    scatter += space.row_weight[row] * positions.deviation[row];
  }
  for (const double mean : space.mean) mean_square += mean * mean;
  const double mean_deviation = scatter / space.total_weight;
  const double least_move =
      tolerance * mean_deviation / static_cast<double>(std::max<std::int64_t>(1, space.columns_in_use));
  // Farther than rounding takes a position from its own mean.
  const double distinct = 1e-12 * (mean_square + mean_deviation) * space.total_weight /
                          static_cast<double>(std::max<std::int64_t>(1, space.rows_in_use));

  std::vector<Clustering*> active;
  for (Clustering& one : clusterings) {
    one.label.assign(static_cast<std::size_t>(positions.rows.rows()), -1);
    one.trace.clear();
    one.converged = false;
    active.push_back(&one);
  }
  if (active.empty()) return;
  const Sums layout{static_cast<std::size_t>(clusterings.front().clusters), columns};
  std::vector<std::uint8_t> last(clusterings.size(), 0);  // the next pass only assigns

  for (std::int64_t iteration = 0; !active.empty(); ++iteration) {
    const std::vector<double> sums = pass(positions, positions.rows.partitions(), {}, layout, active, stage, context);
    std::vector<Clustering*> still;
    for (std::size_t a = 0; a < active.size(); ++a) {
      const double* own = sums.data() + a * layout.length();
      Clustering& one = *active[a];
      std::uint8_t& ends = last[static_cast<std::size_t>(&one - clusterings.data())];
      one.inertia = own[layout.inertia()];
      one.trace.push_back(one.inertia);
      one.size.assign(layout.clusters, 0);
      bool refilled = false;
      double moved = 0;
      for (std::size_t k = 0; k < layout.clusters; ++k) {
        one.size[k] = static_cast<std::int64_t>(own[layout.size(k)]);
        if (ends) continue;
        double* centre = one.centres.data() + k * columns;
        if (one.size[k] == 0) {
          if (refilled || own[layout.farthest()] <= distinct) continue;
          const std::vector<double> away =
              features_of(positions.rows.data(), space, {static_cast<std::int64_t>(own[layout.farthest_row()])});
          std::copy(away.begin(), away.end(), centre);
          refilled = true;
          continue;
        }
        for (std::size_t c = 0; c < columns; ++c) {
          const double value = centre_of(space, own[layout.values(k) + c], own[layout.weight(k)], c);
          moved += (value - centre[c]) * (value - centre[c]);
          centre[c] = value;
        }
      }
      if (ends) continue;
      const bool settled = own[layout.changed()] == 0 && !refilled;
      const bool near = moved <= least_move && !refilled;
      one.converged = settled || near;
      if (settled) continue;
      if (near || iteration + 1 >= iterations) ends = 1;
      still.push_back(&one);
    }
    active = std::move(still);
  }
  for (Clustering& one : clusterings) {
    gather_labels(positions, one, context);
    drop_empty(one, columns);
  }
}

void mini_batches(const Positions& positions, std::int64_t batch, std::int64_t epochs, std::int64_t seed,
                  Clustering& clustering, Context& context) {
  constexpr int patience = 10;  // steps without a better moving average of the inertia, as in common practice
  const FeatureSpace& space = positions.space;
  const Partitions& partitions = positions.rows.partitions();
  const auto columns = static_cast<std::size_t>(positions.rows.columns());
  const Sums layout{static_cast<std::size_t>(clustering.clusters), columns};
  clustering.label.assign(static_cast<std::size_t>(positions.rows.rows()), -1);
  clustering.trace.clear();
  clustering.converged = false;
  std::vector<Clustering*> active{&clustering};
  std::vector<double> seen(layout.clusters, 0.0);
  const auto at_once = static_cast<std::size_t>(
      std::clamp<std::int64_t>((batch + partitions.largest() - 1) / partitions.largest(), 1, partitions.count()));
  double average = 0, best = std::numeric_limits<double>::infinity();
  int worse = 0;
  for (std::int64_t epoch = 0; epoch < epochs && !clustering.converged; ++epoch) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(partitions.count()));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    Random random(static_cast<std::uint64_t>(seed), "kmeans_batches", static_cast<std::uint64_t>(epoch));
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    for (std::size_t begin = 0; begin < order.size() && !clustering.converged; begin += at_once) {
      const auto first = order.begin() + static_cast<std::ptrdiff_t>(begin);
      std::vector<std::int64_t> chosen(first,
                                       first + static_cast<std::ptrdiff_t>(std::min(at_once, order.size() - begin)));
      std::sort(chosen.begin(), chosen.end());
      // One row of these partitions is one chosen partition: as many bytes as it takes to stay alone.
      const Partitions each(static_cast<std::int64_t>(chosen.size()), std::int64_t{1} << 40);
      const std::vector<double> sums = pass(positions, each, chosen, layout, active, "mini-batches", context);
      double weight = 0;
      for (std::size_t k = 0; k < layout.clusters; ++k) {
        const double added = sums[layout.weight(k)];
        weight += added;
        if (added == 0) continue;
        seen[k] += added;
        double* centre = clustering.centres.data() + k * columns;
        for (std::size_t c = 0; c < columns; ++c) {
          const double value = centre_of(space, sums[layout.values(k) + c], added, c);
          centre[c] += (value - centre[c]) * added / seen[k];
        }
      }
      if (weight == 0) continue;
      const double inertia = sums[layout.inertia()] / weight;
      clustering.trace.push_back(inertia * space.total_weight);
      const double share = std::min(1.0, 2 * weight / space.total_weight);
      average = clustering.trace.size() == 1 ? inertia : average + share * (inertia - average);
      worse = average < best ? 0 : worse + 1;
      best = std::min(best, average);
      clustering.converged = worse >= patience;
    }
  }
  std::fill(clustering.label.begin(), clustering.label.end(), -1);
  const std::vector<double> sums = pass(positions, partitions, {}, layout, active, "assigning positions", context);
  clustering.inertia = sums[layout.inertia()];
  clustering.trace.push_back(clustering.inertia);
  clustering.size.assign(layout.clusters, 0);
  for (std::size_t k = 0; k < layout.clusters; ++k) {
    clustering.size[k] = static_cast<std::int64_t>(sums[layout.size(k)]);
  }
  gather_labels(positions, clustering, context);
  drop_empty(clustering, columns);
}

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
  const std::int64_t sums = 8 * clusterings * (clusters * (channels + 2) + 4);
  return 2 * sums + CentreDistances::product_bytes(rows_of_a_partition, clusters * clusterings);
}

}  // namespace ruska::ops::segment
