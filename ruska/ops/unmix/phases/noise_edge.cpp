// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/phases/noise_edge.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <Eigen/Dense>

#include "ruska/kernels/gram.hpp"

namespace ruska::ops::unmix {
namespace {

// The largest eigenvalue of noise exceeds its edge by this many Tracy–Widom scales once in 300 draws; a measured one
// has fluctuated already.
constexpr double above_formula = 2.5;
constexpr double above_measured = 2.0;

Eigen::MatrixXd unpack(const double* packed, std::size_t n) {
  Eigen::MatrixXd matrix(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          matrix(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i)) = packed[kernels::packed_row(n, i) + j];
    }
  }
  return matrix;
}

/// A run of rows that is being added up: the whole and its first half.
struct Run {
  std::vector<double> whole, first;
  std::int64_t rows = 0;
};

}  // namespace

NoiseEdge noise_edge(const GroupedCounts& data, std::int64_t most, std::int64_t run, std::int64_t line,
                     std::uint64_t seed, Context& context) {
  const std::size_t n = data.groups();
  const Partitions& partitions = data.rows().partitions();
  Executor executor(context);

  // First the sums of the groups, for their weights.
  const std::vector<double> sums = executor.reduce<std::vector<double>>(
      "summing channels", partitions, [&] { return std::vector<double>(n, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange) {
        data.visit(partition, {}, [&](std::int64_t, std::span<const std::uint32_t> group, std::span<const double> y) {
          for (std::size_t i = 0; i < group.size(); ++i) partial[group[i]] += y[i];
        });
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
  const double total = std::accumulate(sums.begin(), sums.end(), 0.0);

  NoiseEdge result;
  result.group_weight.assign(n, 0.0);
  std::size_t used_groups = 0;
  for (std::size_t g = 0; g < n; ++g) {
    if (sums[g] <= 0) continue;
    result.group_weight[g] = std::sqrt(total / sums[g]);
    ++used_groups;
  }

  // The Gram matrices of the weighted counts and of the weighted difference of their halves, and the number of rows.
  const std::size_t packed = kernels::packed_size(n);
  const std::vector<double> grams = executor.reduce<std::vector<double>>(
      "finding the noise edge", partitions, [&] { return std::vector<double>(2 * packed + 1, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange) {
        Run sum{std::vector<double>(n, 0.0), std::vector<double>(n, 0.0)};
        std::vector<std::uint32_t> group;
        std::vector<double> whole, difference;
        const auto flush = [&] {
          if (sum.rows == 0) return;
          const double counts = std::accumulate(sum.whole.begin(), sum.whole.end(), 0.0);
          group.clear();
          whole.clear();
          difference.clear();
          for (std::size_t g = 0; g < n; ++g) {
            if (sum.whole[g] <= 0) continue;
            const double weight = result.group_weight[g] / std::sqrt(counts);
            group.push_back(static_cast<std::uint32_t>(g));
            whole.push_back(sum.whole[g] * weight);
            difference.push_back((2 * sum.first[g] - sum.whole[g]) * weight);
            sum.whole[g] = sum.first[g] = 0;
          }
          sum.rows = 0;
          if (group.empty()) return;
          kernels::add_outer_product(group, whole.data(), n, partial.data());
          kernels::add_outer_product(group, difference.data(), n, partial.data() + packed);
          partial[2 * packed] += 1;
        };
        // Both passes draw the same halves, so the first half can be put beside the whole row by row.
        std::vector<std::vector<std::uint32_t>> first_group;
        std::vector<std::vector<double>> first_value;
        data.visit(partition, {Part::first, seed},
                   [&](std::int64_t, std::span<const std::uint32_t> g, std::span<const double> y) {
                     first_group.emplace_back(g.begin(), g.end());
                     first_value.emplace_back(y.begin(), y.end());
                   });
        std::size_t visited = 0;
        std::int64_t block = -1;
        data.visit(partition, {}, [&](std::int64_t row, std::span<const std::uint32_t> g, std::span<const double> y) {
          const std::int64_t mine = row / line * (line / run + 1) + row % line / run;
          if (mine != block) flush();
          block = mine;
          for (std::size_t i = 0; i < g.size(); ++i) sum.whole[g[i]] += y[i];
          const auto& fg = first_group[visited];
          const auto& fy = first_value[visited++];
          for (std::size_t i = 0; i < fg.size(); ++i) sum.first[fg[i]] += fy[i];
          ++sum.rows;
        });
        flush();
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });

  const double rows = std::max(1.0, grams[2 * packed]);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> signal(unpack(grams.data(), n));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> noise(unpack(grams.data() + packed, n), Eigen::EigenvaluesOnly);
  const double root_rows = std::sqrt(rows),
               root_groups = std::sqrt(static_cast<double>(std::max<std::size_t>(1, used_groups)));
  const double marchenko_pastur = std::pow(root_rows + root_groups, 2) / rows;
  const double scale = (root_rows + root_groups) * std::cbrt(1 / root_rows + 1 / root_groups) / rows;
  const auto largest = static_cast<Eigen::Index>(n) - 1;
  result.edge =
      std::max(noise.eigenvalues()(largest) / rows + above_measured * scale, marchenko_pastur + above_formula * scale);
  result.components = std::min<std::int64_t>({most, static_cast<std::int64_t>(n), static_cast<std::int64_t>(rows)});
  result.rank = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const Eigen::Index index = largest - static_cast<Eigen::Index>(k);
    result.eigenvalues.push_back(std::max(0.0, signal.eigenvalues()(index)) / rows);
    if (result.eigenvalues.back() > result.edge) ++result.rank;
    if (static_cast<std::int64_t>(k) >= result.components) continue;
    Eigen::VectorXd vector = signal.eigenvectors().col(index);
    Eigen::Index peak = 0;  // fixes the sign: the largest element is positive
    vector.cwiseAbs().maxCoeff(&peak);
    if (vector(peak) < 0) vector = -vector;
    result.vectors.insert(result.vectors.end(), vector.data(), vector.data() + vector.size());
  }
  result.rank = std::max<std::int64_t>(1, result.rank);
  return result;
}

}  // namespace ruska::ops::unmix
