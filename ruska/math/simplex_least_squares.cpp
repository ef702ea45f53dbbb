// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// With μ the multiplier of the sum, the variables in use satisfy G x = b + μ 1; μ follows from Σ x = 1. Variables enter
// and leave as in Lawson and Hanson's method for x ≥ 0: the objective falls with every change, so that no set repeats.
#include "ruska/math/simplex_least_squares.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/math/nonnegative_least_squares.hpp"

namespace ruska::math {

SimplexLeastSquares::SimplexLeastSquares(std::vector<double> gram, std::size_t n)
    : gram_(std::move(gram)), n_(n), slope_(n), part_(n * n), right_(n), solution_(n) {}

/// The minimum over the variables in use with sum 1, their signs free: the last one is 1 less the others, which leaves
/// as many equations as there are others. False when these are singular.
bool SimplexLeastSquares::solve_in_use(const double* b) {
  const std::size_t n = in_use_.size() - 1, last = in_use_[n];
  const double* g_last = gram_.data() + last * n_;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t k = in_use_[i];
    const double* g = gram_.data() + k * n_;
    right_[i] = b[k] - b[last] - g[last] + g_last[last];
    for (std::size_t j = 0; j < n; ++j) {
      const std::size_t l = in_use_[j];
      part_[i * n + j] = g[l] - g_last[l] - g[last] + g_last[last];
    }
  }
  if (!solve_positive_definite(part_.data(), right_.data(), solution_.data(), n, scratch_)) return false;
  solution_[n] = 1;
  for (std::size_t i = 0; i < n; ++i) solution_[n] -= solution_[i];
  return true;
}

/// To the minimum over those in use that is not below 0; those that come to 0 leave. False when it is not unique.
bool SimplexLeastSquares::move_in_use(const double* b, double* x) {
  for (;;) {
    if (!solve_in_use(b)) return false;
    double length = 1;
    for (std::size_t i = 0; i < in_use_.size(); ++i) {
      const double now = x[in_use_[i]];
      if (solution_[i] < 0 && now - solution_[i] > 0) length = std::min(length, now / (now - solution_[i]));
    }
    for (std::size_t i = 0; i < in_use_.size(); ++i) {
      double& now = x[in_use_[i]];
      now = length == 1 ? solution_[i] : now + length * (solution_[i] - now);
    }
    if (length == 1) return true;
    std::erase_if(in_use_, [&](std::size_t k) {
      const bool leaves = x[k] <= 1e-14;
      if (leaves) x[k] = 0;
      return leaves;
    });
  }
}

void SimplexLeastSquares::solve(const double* b, double* x) {
  std::fill(x, x + n_, 0.0);
  std::size_t start = 0;
  const auto cost = [&](std::size_t k) { return 0.5 * gram_[k * n_ + k] - b[k]; };
  for (std::size_t k = 1; k < n_; ++k) {
    if (cost(k) < cost(start)) start = k;
  }
  x[start] = 1;
  improve(b, x);
}

void SimplexLeastSquares::improve(const double* b, double* x) {
  in_use_.clear();
  for (std::size_t k = 0; k < n_; ++k) {
    if (x[k] > 0) in_use_.push_back(k);
  }
  useless_.assign(n_, 0);
  if (in_use_.size() > 1 && !move_in_use(b, x)) {
    solve(b, x);  // from a vertex, where each variable is tried on its own
    return;
  }
  for (std::size_t round = 0; round < 10 * n_ + 10; ++round) {
    // At the minimum of those in use all slopes are equal, to μ; a variable out of use with a larger one enters.
    double multiplier = 0, scale = 0;
    for (std::size_t k = 0; k < n_; ++k) {
      slope_[k] = b[k];
      for (const std::size_t l : in_use_) slope_[k] -= gram_[k * n_ + l] * x[l];
    }
    for (const std::size_t k : in_use_) {
      multiplier += slope_[k] / static_cast<double>(in_use_.size());
      scale = std::max({scale, std::fabs(b[k]), gram_[k * n_ + k]});
    }
    std::size_t best = n_;
    double steepest = 1e-12 * scale;
    for (std::size_t k = 0; k < n_; ++k) {
      if (x[k] > 0 || useless_[k] != 0 || !(slope_[k] - multiplier > steepest)) continue;
      if (std::find(in_use_.begin(), in_use_.end(), k) != in_use_.end()) continue;
      steepest = slope_[k] - multiplier;
      best = k;
    }
    if (best == n_) return;
    in_use_.push_back(best);
    if (!move_in_use(b, x)) {
      // A combination of those in use: it cannot help.
      std::erase(in_use_, best);
      useless_[best] = 1;
    }
  }
}

}  // namespace ruska::math
