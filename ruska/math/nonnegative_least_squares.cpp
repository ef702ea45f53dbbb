// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/nonnegative_least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ruska::math {
namespace {

constexpr double least_pivot = 1e-13;  // of the diagonal element; below it the column is a combination of the others

/// Lower Cholesky factor into `l`.
bool factorize(const double* a, double* l, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i * n + k] * l[j * n + k];
      if (i == j) {
        if (!(sum > least_pivot * a[i * n + i])) return false;
        l[i * n + i] = std::sqrt(sum);
      } else {
        l[i * n + j] = sum / l[j * n + j];
      }
    }
  }
  return true;
}

}  // namespace

bool solve_positive_definite(const double* a, const double* b, double* x, std::size_t n, std::vector<double>& scratch) {
  scratch.resize(std::max(scratch.size(), n * n));
  double* l = scratch.data();
  if (!factorize(a, l, n)) return false;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = b[i];
    for (std::size_t k = 0; k < i; ++k) sum -= l[i * n + k] * x[k];
    x[i] = sum / l[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    double sum = x[i];
    for (std::size_t k = i + 1; k < n; ++k) sum -= l[k * n + i] * x[k];
    x[i] = sum / l[i * n + i];
  }
  return true;
}

bool inverse_diagonal(const double* a, double* diagonal, std::size_t n, std::vector<double>& scratch) {
  scratch.resize(std::max(scratch.size(), n * n + n));
  double* l = scratch.data();
  double* column = l + n * n;
  if (!factorize(a, l, n)) return false;
  // A⁻¹ = L⁻ᵀ L⁻¹: the diagonal sums the squares of the columns of L⁻¹.
  for (std::size_t j = 0; j < n; ++j) {
    diagonal[j] = 0;
    for (std::size_t i = j; i < n; ++i) {
      double sum = i == j ? 1.0 : 0.0;
      for (std::size_t k = j; k < i; ++k) sum -= l[i * n + k] * column[k];
      column[i] = sum / l[i * n + i];
      diagonal[j] += column[i] * column[i];
    }
  }
  return true;
}

NonnegativeLeastSquares::NonnegativeLeastSquares(std::vector<double> gram, std::size_t n)
    : gram_(std::move(gram)), n_(n), part_(n * n), right_(n), solution_(n) {}

bool NonnegativeLeastSquares::solve_in_use(const double* b) {
  const std::size_t used = in_use_.size();
  for (std::size_t i = 0; i < used; ++i) {
    right_[i] = b[in_use_[i]];
    for (std::size_t j = 0; j < used; ++j) part_[i * used + j] = gram_[in_use_[i] * n_ + in_use_[j]];
  }
  return solve_positive_definite(part_.data(), right_.data(), solution_.data(), used, scratch_);
}

void NonnegativeLeastSquares::solve(const double* b, double* x) {
  // Most solutions are positive throughout: try that first.
  in_use_.resize(n_);
  for (std::size_t i = 0; i < n_; ++i) in_use_[i] = i;
  if (solve_in_use(b) && std::all_of(solution_.begin(), solution_.end(), [](double v) { return v >= 0; })) {
    std::copy(solution_.begin(), solution_.end(), x);
    return;
  }
  in_use_.clear();
  std::fill(x, x + n_, 0.0);
  double scale = 0;
  for (std::size_t i = 0; i < n_; ++i) scale = std::max(scale, std::abs(b[i]));
  std::vector<std::uint8_t> barred(n_, 0);
  for (std::size_t round = 0; round < 3 * n_ + 10; ++round) {
    std::size_t enter = n_;
    double steepest = 1e-14 * scale;
    for (std::size_t i = 0; i < n_; ++i) {
      if (barred[i] != 0 || std::find(in_use_.begin(), in_use_.end(), i) != in_use_.end()) continue;
      double slope = b[i];
      for (std::size_t j = 0; j < n_; ++j) slope -= gram_[i * n_ + j] * x[j];
      if (slope > steepest) {
        steepest = slope;
        enter = i;
      }
    }
    if (enter == n_) return;
    in_use_.push_back(enter);
    while (!in_use_.empty()) {
      if (!solve_in_use(b)) {
        barred[enter] = 1;
        std::erase(in_use_, enter);
        x[enter] = 0;
        break;
      }
      double step = 1;
      for (std::size_t i = 0; i < in_use_.size(); ++i) {
        const double from = x[in_use_[i]], to = solution_[i];
        if (to < 0) step = std::min(step, from / (from - to));
      }
      for (std::size_t i = 0; i < in_use_.size(); ++i) {
        double& value = x[in_use_[i]];
        const bool leaves = solution_[i] < 0 && value / (value - solution_[i]) <= step;
        value = leaves ? 0.0 : value + step * (solution_[i] - value);
      }
      if (step == 1) break;
      std::erase_if(in_use_, [&](std::size_t i) { return !(x[i] > 0); });
    }
  }
}

}  // namespace ruska::math
