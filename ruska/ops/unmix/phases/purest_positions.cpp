// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/phases/purest_positions.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/random.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr double wanted_signal = 60;  // variance of the weakest component over that of the noise of a mean
constexpr std::int64_t largest_window = 11;
constexpr double fullest = 0.6;  // least part of a window that must hold data
constexpr int most_exchanges = 8;

double squared(const double* a, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * a[i];
  return sum;
}

/// Candidates × width points, and the choice of those that span the largest simplex.
class Corners {
 public:
  Corners(const std::vector<double>& points, std::size_t width) : points_(points), width_(width) {}

  std::vector<std::size_t> find(std::size_t corners) const {
    std::vector<double> mean(width_, 0.0);
    const std::size_t n = points_.size() / width_;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t d = 0; d < width_; ++d) mean[d] += points_[i * width_ + d] / static_cast<double>(n);
    }
    std::vector<std::size_t> chosen{farthest(mean, {})};
    while (chosen.size() < corners) chosen.push_back(farthest_from(chosen));
    for (int round = 0; corners > 1 && round < most_exchanges; ++round) {
      bool changed = false;
      for (std::size_t j = 0; j < corners; ++j) {
        std::vector<std::size_t> others = chosen;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(j));
        const std::size_t better = farthest_from(others);
        const double gain = distance(better, others), now = distance(chosen[j], others);
        if (better == chosen[j] || !(gain > now * (1 + 1e-6))) continue;
        chosen[j] = better;
        changed = true;
      }
      if (!changed) break;
    }
    return chosen;
  }

 private:
  /// Orthonormal directions of the plane through the points.
  std::vector<double> directions(const std::vector<std::size_t>& through) const {
    std::vector<double> basis;
    std::vector<double> one(width_);
    for (std::size_t i = 1; i < through.size(); ++i) {
      for (std::size_t d = 0; d < width_; ++d) {
        one[d] = points_[through[i] * width_ + d] - points_[through[0] * width_ + d];
      }
      remove(one.data(), basis);
      const double length = std::sqrt(squared(one.data(), width_));
      if (!(length > 0)) continue;
      for (double& value : one) value /= length;
      basis.insert(basis.end(), one.begin(), one.end());
    }
    return basis;
  }
  void remove(double* vector, const std::vector<double>& basis) const {
    for (std::size_t b = 0; b < basis.size(); b += width_) {
      double dot = 0;
      for (std::size_t d = 0; d < width_; ++d) dot += vector[d] * basis[b + d];
      for (std::size_t d = 0; d < width_; ++d) vector[d] -= dot * basis[b + d];
    }
  }
  double distance(std::size_t point, const std::vector<std::size_t>& through) const {
    return distance(point, &points_[through[0] * width_], directions(through));
  }
  double distance(std::size_t point, const double* origin, const std::vector<double>& basis) const {
    std::vector<double> rest(width_);
    for (std::size_t d = 0; d < width_; ++d) rest[d] = points_[point * width_ + d] - origin[d];
    remove(rest.data(), basis);
    return squared(rest.data(), width_);
  }
  std::size_t farthest(const std::vector<double>& origin, const std::vector<double>& basis) const {
    std::size_t best = 0;
    double most = -1;
    for (std::size_t i = 0; i < points_.size() / width_; ++i) {
      const double here = distance(i, origin.data(), basis);
      if (here > most) {
        most = here;
        best = i;
      }
    }
    return best;
  }
  std::size_t farthest_from(const std::vector<std::size_t>& through) const {
    const auto first = points_.begin() + static_cast<std::ptrdiff_t>(through[0] * width_);
    return farthest(std::vector<double>(first, first + static_cast<std::ptrdiff_t>(width_)), directions(through));
  }

  const std::vector<double>& points_;
  std::size_t width_;
};

}  // namespace

std::vector<float> component_scores(const GroupedCounts& data, const NoiseEdge& components,
                                    const std::vector<double>& row_sum, Context& context) {
  const auto width = static_cast<std::size_t>(components.components);
  const std::size_t n = data.groups();
  std::vector<float> scores(row_sum.size() * width, 0.0f);
  const Partitions& partitions = data.rows().partitions();
  Executor executor(context);
  executor.for_each_chunk("projecting on components", partitions, [&](std::int64_t partition, RowRange) {
    data.visit(partition, {}, [&](std::int64_t row, std::span<const std::uint32_t> group, std::span<const double> y) {
      double sum = 0;
      for (const double one : y) sum += one;
      if (!(sum > 0)) return;
      for (std::size_t k = 0; k < width; ++k) {
        double score = 0;
        for (std::size_t i = 0; i < group.size(); ++i) {
          score += y[i] * components.group_weight[group[i]] * components.vectors[k * n + group[i]];
        }
        scores[static_cast<std::size_t>(row) * width + k] = static_cast<float>(score / sum);
      }
    });
  });
  executor.gather(partitions, static_cast<std::int64_t>(width), std::span(scores));
  return scores;
}

std::int64_t averaging_window(const NoiseEdge& components, std::int64_t phases, const PositionGrid& grid,
                              double minimum_area) {
  const auto weakest = static_cast<std::size_t>(phases) - 1;
  const double signal =
      weakest < components.eigenvalues.size() ? std::max(components.eigenvalues[weakest] - 1, 1e-3) : 1e-3;
  const double smallest_phase = minimum_area * static_cast<double>(grid.line * grid.lines);
  std::int64_t window = 1;
  while (window + 2 <= largest_window && static_cast<double>(grid.window_size(window)) * signal < wanted_signal &&
         static_cast<double>(grid.window_size(window + 2)) <= smallest_phase) {
    window += 2;
  }
  return window;
}

std::vector<double> purest_spectra(const GroupedCounts& data, const NoiseEdge& components,
                                   const std::vector<float>& scores, const std::vector<double>& row_sum,
                                   const PositionGrid& grid, const PurestSearch& search, Context& context) {
  const auto stored = static_cast<std::size_t>(components.components);
  const std::size_t width = std::min(stored, static_cast<std::size_t>(search.phases));
  const auto phases = static_cast<std::size_t>(search.phases);
  const std::vector<std::uint8_t>& used = data.used();

  // Means over the window, weighted by counts.
  std::vector<float> means(row_sum.size() * width, 0.0f);
  std::vector<std::uint8_t> eligible(row_sum.size(), 0);
  const Partitions partitions(grid.positions, static_cast<std::int64_t>(width * sizeof(float)));
  Executor executor(context);
  executor.for_each_chunk("averaging neighbours", partitions, [&](std::int64_t, RowRange range) {
    std::vector<double> sum(width);
    for (std::int64_t p = range.begin; p < range.end; ++p) {
      if (used[static_cast<std::size_t>(p)] == 0) continue;
      std::fill(sum.begin(), sum.end(), 0.0);
      double counts = 0;
      std::int64_t there = 0;
      grid.for_each_in_window(p, search.window, [&](std::int64_t q) {
        const auto other = static_cast<std::size_t>(q);
        if (used[other] == 0) return;
        ++there;
        counts += row_sum[other];
        for (std::size_t d = 0; d < width; ++d) {
          sum[d] += row_sum[other] * static_cast<double>(scores[other * stored + d]);
        }
      });
      if (!(counts > 0)) continue;
      for (std::size_t d = 0; d < width; ++d) {
        means[static_cast<std::size_t>(p) * width + d] = static_cast<float>(sum[d] / counts);
      }
      eligible[static_cast<std::size_t>(p)] =
          static_cast<double>(there) >= fullest * static_cast<double>(grid.window_size(search.window)) ? 1 : 0;
    }
  });
  executor.gather(partitions, static_cast<std::int64_t>(width), std::span(means));
  executor.gather(partitions, 1, std::span(eligible));

  std::vector<double> points;
  for (const bool strict : {true, false}) {  // a map full of holes may have no full window at all
    for (std::size_t p = 0; p < row_sum.size(); ++p) {
      if (used[p] == 0 || !(row_sum[p] > 0) || (strict && eligible[p] == 0)) continue;
      if (strict && search.start > 0 &&
          Random(search.seed ^ (search.start << 32), "unmix.phases start", p).uniform() < 0.5) {
        continue;
      }
      const auto first = means.begin() + static_cast<std::ptrdiff_t>(p * width);
      points.insert(points.end(), first, first + static_cast<std::ptrdiff_t>(width));
    }
    if (points.size() >= phases * width) break;
    points.clear();
  }
  if (points.size() < phases * width) {
    throw Error(ErrorKind::invalid_argument, "only " + std::to_string(points.size() / std::max<std::size_t>(1, width)) +
                                                 " positions hold counts, too few for " + std::to_string(phases) +
                                                 " phases; ask for fewer with --phases");
  }

  const std::size_t n = data.groups();
  std::vector<double> spectra;
  for (const std::size_t corner : Corners(points, width).find(phases)) {
    std::vector<double> spectrum(n, 0.0);
    double sum = 0;
    for (std::size_t g = 0; g < n; ++g) {
      if (!(components.group_weight[g] > 0)) continue;
      double value = 0;
      for (std::size_t d = 0; d < width; ++d) value += points[corner * width + d] * components.vectors[d * n + g];
      spectrum[g] = std::max(0.0, value / components.group_weight[g]);
      sum += spectrum[g];
    }
    for (const double value : spectrum) spectra.push_back(sum > 0 ? value / sum : 1.0 / static_cast<double>(n));
  }
  return spectra;
}

}  // namespace ruska::ops::unmix
