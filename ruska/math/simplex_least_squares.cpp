// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// With μ the multiplier of the sum, the variables in use satisfy G x = b + μ 1; μ follows from Σ x = 1. Variables enter
// and leave as in Lawson and Hanson's method for x ≥ 0: the objective falls with every change, so that no set repeats.
#include "ruska/math/simplex_least_squares.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/math/nonnegative_least_squares.hpp"

namespace ruska::math {

SimplexLeastSquares::SimplexLeastSquares(std::vector<double> gram, std::size_t n) : gram_(std::move(gram)), n_(n) {}

/// The minimum over the variables in use with sum 1, their signs free. False when their part of G is singular.
bool SimplexLeastSquares::solve_in_use(const double* b) {
  const std::size_t n = in_use_.size();
  part_.resize(n * n);
  right_.resize(n);
  ones_.assign(n, 1.0);
  solution_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    right_[i] = b[in_use_[i]];
    for (std::size_t j = 0; j < n; ++j) part_[i * n + j] = gram_[in_use_[i] * n_ + in_use_[j]];
  }
  if (!solve_positive_definite(part_.data(), right_.data(), solution_.data(), n, scratch_)) return false;
  if (!solve_positive_definite(part_.data(), ones_.data(), right_.data(), n, scratch_)) return false;
  double sum = 0, of_ones = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += solution_[i];
    of_ones += right_[i];
  }
  for (std::size_t i = 0; i < n; ++i) solution_[i] += (1 - sum) / of_ones * right_[i];
  return true;
}

void SimplexLeastSquares::solve(const double* b, double* x) {
  std::fill(x, x + n_, 0.0);
  std::size_t start = 0;
  const auto cost = [&](std::size_t k) { return 0.5 * gram_[k * n_ + k] - b[k]; };
  for (std::size_t k = 1; k < n_; ++k) {
    if (cost(k) < cost(start)) start = k;
  }
  x[start] = 1;
  in_use_.assign(1, start);
  useless_.assign(n_, 0);
  const auto slope = [&](std::size_t k) {
    double value = b[k];
    for (const std::size_t l : in_use_) value -= gram_[k * n_ + l] * x[l];
    return value;
  };
  for (std::size_t round = 0; round < 10 * n_ + 10; ++round) {
    // At the minimum of those in use all slopes are equal, to μ; a variable out of use with a larger one enters.
    double multiplier = 0, scale = 0;
    for (const std::size_t k : in_use_) {
      multiplier += slope(k) / static_cast<double>(in_use_.size());
      scale = std::max({scale, std::fabs(b[k]), gram_[k * n_ + k]});
    }
    std::size_t best = n_;
    double steepest = 1e-12 * scale;
    for (std::size_t k = 0; k < n_; ++k) {
      if (useless_[k] != 0 || std::find(in_use_.begin(), in_use_.end(), k) != in_use_.end()) continue;
      if (slope(k) - multiplier > steepest) {
        steepest = slope(k) - multiplier;
        best = k;
      }
    }
    if (best == n_) return;
    in_use_.push_back(best);
    for (;;) {
      if (!solve_in_use(b)) {
        // A combination of those in use: it cannot help.
        in_use_.erase(std::find(in_use_.begin(), in_use_.end(), best));
        useless_[best] = 1;
        break;
      }
      double length = 1;
      for (std::size_t i = 0; i < in_use_.size(); ++i) {
        const double now = x[in_use_[i]];
        if (solution_[i] < 0 && now - solution_[i] > 0) length = std::min(length, now / (now - solution_[i]));
      }
      for (std::size_t i = 0; i < in_use_.size(); ++i) {
        double& now = x[in_use_[i]];
        now += length * (solution_[i] - now);
      }
      if (length == 1) break;
      std::erase_if(in_use_, [&](std::size_t k) {
        const bool leaves = x[k] <= 1e-14;
        if (leaves) x[k] = 0;
        return leaves;
      });
    }
  }
}

}  // namespace ruska::math
