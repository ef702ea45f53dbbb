// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/noise_edge.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/math/singular_threshold.hpp"

namespace ruska::math {

double noise_edge(const std::vector<double>& row_variance, double columns) {
  const double largest = row_variance.empty() ? 0.0 : *std::max_element(row_variance.begin(), row_variance.end());
  if (!(largest > 0)) return 0;
  // The edge is the minimum over m in (−1/largest, 0) of z(m) = −1/m + Σ v_i / (columns (1 + v_i m)), which is convex
  // there; with m = −t/largest, golden-section search in t.
  const auto z = [&](double t) {
    double sum = 0;
    for (const double v : row_variance) sum += v / (1 - t * v / largest);
    return largest / t + sum / columns;
  };
  constexpr double golden = 0.6180339887498949;
  double low = 0, high = 1;
  double left = high - golden * (high - low), right = low + golden * (high - low);
  double at_left = z(left), at_right = z(right);
  for (int step = 0; step < 60; ++step) {
    if (at_left <= at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - golden * (high - low);
      at_left = z(left);
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + golden * (high - low);
      at_right = z(right);
    }
  }
  return columns * std::min(at_left, at_right);
}

double singular_value_threshold(const std::vector<double>& row_variance, double columns) {
  const auto rows = static_cast<double>(row_variance.size());
  if (rows == 0) return 0;
  const double beta = std::min(rows, columns) / std::max(rows, columns);
  return std::sqrt(noise_edge(row_variance, columns)) * optimal_hard_threshold(beta) / (1 + std::sqrt(beta));
}

}  // namespace ruska::math
