// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/kmeans/criteria.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <cblas.h>

#include "ruska/ops/segment/gathered_rows.hpp"

namespace ruska::ops::segment {

Silhouettes::Silhouettes(const Positions& positions, std::int64_t most, std::int64_t seed, Context& context) {
  std::vector<std::int64_t> all;
  for (std::size_t row = 0; row < positions.space.row_weight.size(); ++row) {
    if (positions.space.row_weight[row] != 0) all.push_back(static_cast<std::int64_t>(row));
  }
  chosen_ = drawn_positions(all, most, seed, "silhouette");

  const std::vector<double> features = features_of(positions.rows.data(), positions.space, chosen_);
  const auto number = static_cast<std::int64_t>(chosen_.size());
  const std::int64_t columns = positions.rows.columns();
  std::vector<double> square(chosen_.size(), 0.0);
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    square[i] = positions.deviation[static_cast<std::size_t>(chosen_[i])];
  }
  distance_.assign(chosen_.size() * chosen_.size(), 0.0);
  const Partitions parts(number, 8 * columns);
  Executor executor(context);
  executor.for_each_chunk("comparing positions", parts, [&](std::int64_t, RowRange range) {
    double* rows = distance_.data() + range.begin * number;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(range.size()), static_cast<int>(number),
                static_cast<int>(columns), 1.0, features.data() + range.begin * columns, static_cast<int>(columns),
                features.data(), static_cast<int>(columns), 0.0, rows, static_cast<int>(number));
    for (std::int64_t i = range.begin; i < range.end; ++i) {
      for (std::int64_t j = 0; j < number; ++j) {
        double& one = rows[(i - range.begin) * number + j];
        one = i == j ? 0.0
                     : std::sqrt(std::max(
                           0.0, square[static_cast<std::size_t>(i)] + square[static_cast<std::size_t>(j)] - 2 * one));
      }
    }
  });
  executor.gather(parts, number, std::span(distance_));
}

Silhouettes::Mean Silhouettes::mean(const Clustering& clustering) const {
  const auto clusters = static_cast<std::size_t>(clustering.clusters);
  const std::size_t number = chosen_.size();
  if (clusters < 2 || number < 2) return {};
  std::vector<std::size_t> label(number);
  std::vector<double> size(clusters, 0.0);
  for (std::size_t i = 0; i < number; ++i) {
    label[i] = static_cast<std::size_t>(clustering.label[static_cast<std::size_t>(chosen_[i])]);
    size[label[i]] += 1;
  }
  double sum = 0, squares = 0;
  std::vector<double> to(clusters);
  for (std::size_t i = 0; i < number; ++i) {
    if (size[label[i]] < 2) continue;
    std::fill(to.begin(), to.end(), 0.0);
    for (std::size_t j = 0; j < number; ++j) to[label[j]] += distance_[i * number + j];
    const double own = to[label[i]] / (size[label[i]] - 1);
    double other = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < clusters; ++k) {
      if (k != label[i] && size[k] > 0) other = std::min(other, to[k] / size[k]);
    }
    const double larger = std::max(own, other);
    const double one = std::isfinite(other) && larger > 0 ? (other - own) / larger : 0.0;
    sum += one;
    squares += one * one;
  }
  const auto n = static_cast<double>(number);
  const double mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean) / (n - 1))};
}

std::int64_t Silhouettes::memory(std::int64_t channels, std::int64_t most) {
  return most * (8 * most + 8 * channels + 40);
}

double information_criterion(const Clustering& clustering, const FeatureSpace& space) {
  double number = 0;
  for (const std::int64_t size : clustering.size) number += static_cast<double>(size);
  double labels = 0;
  for (const std::int64_t size : clustering.size) {
    if (size > 0) labels -= 2 * static_cast<double>(size) * std::log(static_cast<double>(size) / number);
  }
  const auto clusters = static_cast<double>(clustering.clusters);
  const auto channels = static_cast<double>(space.columns_in_use);
  if (space.normalization == "poisson") {
    return clustering.inertia + labels + (clusters * space.degrees_of_freedom + clusters - 1) * std::log(number);
  }
  // Below this the scatter is rounding.
  const double least = 1e-30 * (space.mean_square() + 1e-300) * number;
  const double scatter = std::max(clustering.inertia, least);
  return number * channels * std::log(scatter / (number * std::max(1.0, channels))) + labels +
         (clusters * channels + clusters) * std::log(number);
}

}  // namespace ruska::ops::segment
