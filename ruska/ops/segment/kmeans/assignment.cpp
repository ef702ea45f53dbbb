// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Cost of a pass: nonzeros · clusters multiply-adds for the distances of the positions that may change their label, and
// two additions per nonzero of those that do; memory per worker: the changes of the sums. Sums are of raw values in the
// fixed order of the reduction, so that their bits do not depend on who adds.
#include "ruska/ops/segment/kmeans/assignment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <cblas.h>

#include "ruska/ops/segment/kmeans/centre_distances.hpp"

namespace ruska::ops::segment {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double rounding = 1e-13;  // of a squared distance, relative to the squares that it is the difference of

/// Adds `factor` times a row of the block to `values`.
void add_row(const RowBlock& block, std::int64_t row, double factor, double* values) {
  const auto r = static_cast<std::size_t>(row);
  if (block.sparse) {
    const auto end = static_cast<std::size_t>(block.row_start[r + 1]);
    for (auto i = static_cast<std::size_t>(block.row_start[r]); i < end; ++i) {
      values[block.channel[i]] += factor * static_cast<double>(block.value[i]);
    }
    return;
  }
  const std::size_t columns = block.dense.size() / static_cast<std::size_t>(block.range.size());
  const double* dense = block.dense.data() + r * columns;
  for (std::size_t c = 0; c < columns; ++c) values[c] += factor * dense[c];
}

struct TwoNearest {
  std::size_t first = 0;
  double square = infinity, next_square = infinity;
};

/// The centres of all courses, one after the other.
CentreDistances distances_of(const Positions& positions, const std::vector<Course*>& courses) {
  std::vector<double> centres;
  std::int64_t count = 0;
  for (const Course* one : courses) {
    centres.insert(centres.end(), one->clustering.centres.begin(), one->clustering.centres.end());
    count += one->clustering.clusters;
  }
  return {positions.space, centres, count};
}

/// One worker's pass over one partition.
class Pass {
 public:
  Pass(const Positions& positions, const std::vector<Course*>& courses, const CentreDistances& distances,
       double mean_square, Spare<std::vector<double>>& spare)
      : positions_(positions),
        courses_(courses),
        distances_(distances.for_worker()),
        mean_square_(mean_square),
        spare_(spare) {}

  void run(std::int64_t partition, std::vector<double>& changes) {
    const RowRange range = positions_.rows.partitions().range(partition);
    const std::vector<std::int64_t> open = undecided(range);
    if (open.empty()) return;
    const auto block = positions_.rows.block(partition);
    distances_.go_to(*block, open);
    for (std::size_t i = 0; i < open.size(); ++i) {
      const auto row = static_cast<std::size_t>(range.begin + open[i]);
      for (std::size_t a = 0; a < courses_.size(); ++a) {
        if (may_change(*courses_[a], row)) decide(*block, open[i], row, static_cast<std::int64_t>(i), a, changes);
      }
    }
  }

 private:
  static bool may_change(const Course& course, std::size_t row) {
    return course.clustering.label[row] < 0 || !(course.lead[row] > 0);
  }

  /// Rows, counted within the partition, that another label may befall in any course.
  std::vector<std::int64_t> undecided(RowRange range) const {
    std::vector<std::int64_t> open;
    for (std::int64_t r = 0; r < range.size(); ++r) {
      const auto row = static_cast<std::size_t>(range.begin + r);
      if (positions_.space.row_weight[row] == 0) continue;
      bool any = false;
      for (Course* course : courses_) {
        const std::int32_t label = course->clustering.label[row];
        if (label >= 0) course->lead[row] -= course->lost[static_cast<std::size_t>(label)];
        any |= may_change(*course, row);
      }
      if (any) open.push_back(r);
    }
    return open;
  }

  TwoNearest nearest(std::int64_t product, std::size_t row, std::size_t first_centre, std::size_t clusters) const {
    const double factor = positions_.space.row_factor[row], deviation = positions_.deviation[row];
    TwoNearest found;
    for (std::size_t k = 0; k < clusters; ++k) {
      const double square = distances_.squared(product, first_centre + k, factor, deviation);
      // Without branches: which centre is nearest cannot be foretold.
      found.first = square < found.square ? k : found.first;
      found.next_square = std::min(found.next_square, std::max(found.square, square));
      found.square = std::min(found.square, square);
    }
    return found;
  }

  void decide(const RowBlock& block, std::int64_t within, std::size_t row, std::int64_t product, std::size_t a,
              std::vector<double>& changes) {
    Course& course = *courses_[a];
    const SumsLayout& layout = course.layout;
    const TwoNearest found = nearest(product, row, a * layout.clusters, layout.clusters);
    const double unsure =
        rounding * (mean_square_ + 4 * (positions_.deviation[row] + std::min(found.next_square, found.square * 4)));
    course.lead[row] = std::sqrt(std::max(0.0, found.next_square - unsure)) - std::sqrt(found.square + unsure);
    std::int32_t& label = course.clustering.label[row];
    if (label == static_cast<std::int32_t>(found.first)) return;

    if (changes.empty()) {
      changes = spare_.take([] { return std::vector<double>(); });
      changes.assign(courses_.size() * layout.length(), 0.0);
    }
    double* sums = changes.data() + a * layout.length();
    const double weight = positions_.space.row_weight[row], factor = weight * positions_.space.row_factor[row];
    sums[layout.changed()] += 1;
    if (label >= 0) {
      const auto before = static_cast<std::size_t>(label);
      sums[layout.weight(before)] -= weight;
      sums[layout.size(before)] -= 1;
      add_row(block, within, -factor, sums + layout.values(before));
    } else {
      sums[layout.deviation()] += weight * positions_.deviation[row];
    }
    sums[layout.weight(found.first)] += weight;
    sums[layout.size(found.first)] += 1;
    add_row(block, within, factor, sums + layout.values(found.first));
    label = static_cast<std::int32_t>(found.first);
  }

  const Positions& positions_;
  const std::vector<Course*>& courses_;
  CentreDistances distances_;
  double mean_square_;
  Spare<std::vector<double>>& spare_;
};

}  // namespace

Course::Course(const Positions& positions, Clustering& on_its_way)
    : layout{static_cast<std::size_t>(on_its_way.clusters), static_cast<std::size_t>(positions.rows.columns())},
      clustering(on_its_way),
      lead(static_cast<std::size_t>(positions.rows.rows())),
      lost(layout.clusters),
      space_(positions.space),
      sums_(layout.length()) {
  clustering.label.resize(lead.size());
  clustering.trace.clear();
  clustering.converged = false;
  clear_labels();
}

void Course::clear_labels() { std::fill(clustering.label.begin(), clustering.label.end(), -1); }

void Course::clear_sums() { std::fill(sums_.begin(), sums_.end(), 0.0); }

void Course::add(std::span<const double> change) {
  for (std::size_t i = 0; i < change.size(); ++i) sums_[i] += change[i];
}

std::vector<double> Course::means() const {
  std::vector<double> means(layout.clusters * layout.columns, 0.0);
  for (std::size_t k = 0; k < layout.clusters; ++k) {
    if (size(k) == 0) continue;
    const double* sums = sums_.data() + layout.values(k);
    double* mean = means.data() + k * layout.columns;
    const double scale = 1 / weight(k);
    for (std::size_t c = 0; c < layout.columns; ++c) {
      mean[c] = sums[c] * scale * space_.column_factor[c] - space_.mean[c];
    }
  }
  return means;
}

double Course::inertia(std::span<const double> means) const {
  const auto columns = static_cast<int>(layout.columns);
  double total = sums_[layout.deviation()];
  for (std::size_t k = 0; k < layout.clusters; ++k) {
    if (size(k) == 0) continue;
    const double* centre = clustering.centres.data() + k * layout.columns;
    const double* mean = means.data() + k * layout.columns;
    total += weight(k) * (cblas_ddot(columns, centre, 1, centre, 1) - 2 * cblas_ddot(columns, centre, 1, mean, 1));
  }
  return std::max(0.0, total);
}

void Course::moved(std::span<const double> by) {
  for (std::size_t k = 0; k < lost.size(); ++k) {
    double others = 0;
    for (std::size_t j = 0; j < by.size(); ++j) {
      if (j != k) others = std::max(others, by[j]);
    }
    lost[k] = (1 + rounding) * (by[k] + others);
  }
}

Assigner::Assigner(const Positions& positions) : positions_(positions), mean_square_(positions.space.mean_square()) {}

std::vector<double> Assigner::assign(const Partitions& partitions, const std::vector<std::int64_t>& chosen,
                                     const std::vector<Course*>& courses, const std::string& stage, Context& context) {
  const CentreDistances distances = distances_of(positions_, courses);
  return Executor(context).reduce<std::vector<double>>(
      stage, partitions, [] { return std::vector<double>(); },
      [&](std::vector<double>& changes, std::int64_t partition, RowRange range) {
        Pass pass(positions_, courses, distances, mean_square_, spare_);
        if (chosen.empty()) {
          pass.run(partition, changes);
          return;
        }
        for (std::int64_t i = range.begin; i < range.end; ++i) pass.run(chosen[static_cast<std::size_t>(i)], changes);
      },
      [&](std::vector<double>& left, std::vector<double>&& right) {
        if (left.empty()) {
          left = std::move(right);
        } else if (!right.empty()) {
          for (std::size_t i = 0; i < right.size(); ++i) left[i] += right[i];
          spare_.give(std::move(right));
        }
      });
}

Farthest farthest(const Positions& positions, const Clustering& clustering, Context& context) {
  const FeatureSpace& space = positions.space;
  const CentreDistances distances(space, clustering.centres, clustering.clusters);
  const std::vector<double> found = Executor(context).reduce<std::vector<double>>(
      "looking for the farthest position", positions.rows.partitions(),
      [] {
        return std::vector<double>{-1, 0};
      },
      [&](std::vector<double>& most, std::int64_t partition, RowRange range) {
        CentreDistances mine = distances.for_worker();
        mine.go_to(*positions.rows.block(partition));
        for (std::int64_t r = 0; r < range.size(); ++r) {
          const auto row = static_cast<std::size_t>(range.begin + r);
          if (clustering.label[row] < 0) continue;
          const double square = space.row_weight[row] * mine.squared(r, static_cast<std::size_t>(clustering.label[row]),
                                                                     space.row_factor[row], positions.deviation[row]);
          if (square > most[1]) most = {static_cast<double>(row), square};
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        if (right[1] > left[1]) left = std::move(right);
      });
  return {static_cast<std::int64_t>(found[0]), found[1]};
}

void complete(const Positions& positions, Clustering& clustering, Context& context) {
  Executor(context).gather(positions.rows.partitions(), 1, std::span(clustering.label));
  const auto columns = static_cast<std::ptrdiff_t>(positions.rows.columns());
  std::vector<std::int32_t> number(clustering.size.size(), -1);
  std::int32_t next = 0;
  for (std::size_t k = 0; k < number.size(); ++k) {
    if (clustering.size[k] == 0) continue;
    std::copy_n(clustering.centres.begin() + static_cast<std::ptrdiff_t>(k) * columns, columns,
                clustering.centres.begin() + next * columns);
    clustering.size[static_cast<std::size_t>(next)] = clustering.size[k];
    number[k] = next++;
  }
  clustering.clusters = next;
  clustering.size.resize(static_cast<std::size_t>(next));
  clustering.centres.resize(static_cast<std::size_t>(next * columns));
  for (std::int32_t& label : clustering.label) label = label < 0 ? -1 : number[static_cast<std::size_t>(label)];
}

}  // namespace ruska::ops::segment
