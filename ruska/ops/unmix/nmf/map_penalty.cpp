// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/nmf/map_penalty.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::ops::unmix {
namespace {

constexpr double smallest_edge = 0.01;   // below it total variation is quadratic
constexpr double smallest_share = 0.02;  // below it a share is nothing to the sparsity
constexpr double smallest_total = 1e-4;

double squared_distance(const double* a, const double* b, std::size_t count) {
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

}  // namespace

MapPenalty::MapPenalty(const MapPenaltySettings& settings, const PositionGrid& grid, const std::vector<double>& row_sum,
                       std::size_t components)
    : settings_(settings), grid_(grid), row_sum_(row_sum), components_(components), component_slope_(components, 0.0) {
  for (const double sum : row_sum) signal_ += sum;
}

std::vector<double> MapPenalty::shares_of(const std::vector<double>& loadings) const {
  std::vector<double> shares(loadings.size(), 0.0);
  for (std::size_t i = 0; i < loadings.size(); ++i) {
    const double sum = row_sum_[i / components_];
    if (sum > 0) shares[i] = loadings[i] / sum;
  }
  return shares;
}

double MapPenalty::own(const double* shares) const {
  if (!(settings_.sparsity > 0)) return 0;
  double sum = 0, product = 1;
  for (std::size_t k = 0; k < components_; ++k) {
    if (settings_.logarithmic) {
      // One logarithm for many factors; shares sum to about one, so that they stay far from overflow.
      product *= 1 + shares[k] / smallest_share;
      if (product > 1e200) {
        sum += std::log(product);
        product = 1;
      }
    } else {
      sum += shares[k];
    }
  }
  return settings_.sparsity * (sum + std::log(product));
}

double MapPenalty::coupled(const std::vector<double>& loadings) const {
  double smooth = 0, relevant = 0;
  if (settings_.smoothness > 0) {
    const std::vector<double> shares = shares_of(loadings);
    for (std::int64_t p = 0; p < grid_.positions; ++p) {
      const auto here = static_cast<std::size_t>(p);
      if (!(row_sum_[here] > 0)) continue;
      const double* a = shares.data() + here * components_;
      grid_.for_each_neighbour(p, [&](std::int64_t q) {
        if (q < p || !(row_sum_[static_cast<std::size_t>(q)] > 0)) return;
        const double square = squared_distance(a, &shares[static_cast<std::size_t>(q) * components_], components_);
        smooth += settings_.total_variation ? std::sqrt(square + smallest_edge * smallest_edge) : 0.5 * square;
      });
    }
  }
  if (settings_.relevance > 0 && signal_ > 0) {
    std::vector<double> total(components_, 0.0);
    for (std::size_t i = 0; i < loadings.size(); ++i) total[i % components_] += loadings[i];
    for (const double one : total) relevant += std::log1p(one / (signal_ * smallest_total));
  }
  return settings_.smoothness * smooth + settings_.relevance * relevant;
}

double MapPenalty::value(const std::vector<double>& loadings) const {
  double sum = coupled(loadings);
  std::vector<double> shares(components_);
  for (std::size_t p = 0; p < row_sum_.size() && settings_.sparsity > 0; ++p) {
    if (!(row_sum_[p] > 0)) continue;
    for (std::size_t k = 0; k < components_; ++k) shares[k] = loadings[p * components_ + k] / row_sum_[p];
    sum += own(shares.data());
  }
  return sum;
}

void MapPenalty::touch(const std::vector<double>& loadings) {
  shares_ = shares_of(loadings);
  if (!(settings_.relevance > 0) || !(signal_ > 0)) return;
  std::vector<double> total(components_, 0.0);
  for (std::size_t i = 0; i < loadings.size(); ++i) total[i % components_] += loadings[i];
  for (std::size_t k = 0; k < components_; ++k) {
    component_slope_[k] = settings_.relevance / (signal_ * (total[k] / signal_ + smallest_total));
  }
}

double MapPenalty::majorant(std::int64_t position, double* target, double* slope) const {
  this->slope(position, shares_.data() + static_cast<std::size_t>(position) * components_, slope);
  return pull(position, target);
}

double MapPenalty::pull(std::int64_t position, double* target) const {
  double weight = 0;
  std::fill(target, target + components_, 0.0);
  if (!(settings_.smoothness > 0)) return weight;
  // |a_p − a_q|² ≤ 2 |a_p − m|² + 2 |a_q − m|² with m the mean of both as they are.
  const double* a = shares_.data() + static_cast<std::size_t>(position) * components_;
  grid_.for_each_neighbour(position, [&](std::int64_t q) {
    if (!(row_sum_[static_cast<std::size_t>(q)] > 0)) return;
    const double* other = shares_.data() + static_cast<std::size_t>(q) * components_;
    double one = 2 * settings_.smoothness;
    if (settings_.total_variation) {
      one /= std::sqrt(squared_distance(a, other, components_) + smallest_edge * smallest_edge);
    }
    weight += one;
    for (std::size_t k = 0; k < components_; ++k) target[k] += one * 0.5 * (a[k] + other[k]);
  });
  for (std::size_t k = 0; k < components_ && weight > 0; ++k) target[k] /= weight;
  return weight;
}

void MapPenalty::slope(std::int64_t position, const double* shares, double* slope) const {
  for (std::size_t k = 0; k < components_; ++k) {
    slope[k] = component_slope_[k] * row_sum_[static_cast<std::size_t>(position)];
    if (settings_.sparsity > 0) {
      slope[k] += settings_.logarithmic ? settings_.sparsity / (shares[k] + smallest_share) : settings_.sparsity;
    }
  }
}

}  // namespace ruska::ops::unmix
