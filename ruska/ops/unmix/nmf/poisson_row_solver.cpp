// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/nmf/poisson_row_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"

namespace ruska::ops::unmix {

PoissonRowSolver::PoissonRowSolver(const std::vector<double>& table, std::size_t components)
    : table_(table),
      components_(components),
      width_(kernels::padded_width(components)),
      spectra_sum_(components, 0.0),
      gain_(components),
      hessian_(components * components),
      slope_(components),
      step_(components),
      part_(components * components),
      right_(components) {
  for (std::size_t c = 0; c < table.size() / width_; ++c) {
    for (std::size_t k = 0; k < components; ++k) spectra_sum_[k] += table[c * width_ + k];
  }
}

void PoissonRowSolver::load(std::span<const std::uint32_t> channel, std::span<const double> value) {
  const std::size_t room = (channel.size() + kernels::row_padding - 1) / kernels::row_padding * kernels::row_padding;
  if (room > stride_) {
    stride_ = room;
    x_.resize(room);
    ratio_.resize(room);
    curvature_.resize(room);
    spectra_.resize(room * components_);
  }
  channel_ = channel;
  count_ = room;
  least_ = 0;
  if (table_.size() <= std::numeric_limits<std::uint32_t>::max()) {
    least_ = kernels::lay_out_poisson_row(channel, value.data(), table_.data(), width_, components_, stride_, x_.data(),
                                          spectra_.data());
  }
  if (!(least_ > 0)) load_reached(channel, value);
  sum_ = 0;
  for (std::size_t j = 0; j < channel_.size(); ++j) sum_ += x_[j];
}

/// The same channel by channel.
void PoissonRowSolver::load_reached(std::span<const std::uint32_t> channel, std::span<const double> value) {
  reached_.clear();
  least_ = 1;
  std::size_t j = 0;
  for (std::size_t i = 0; i < channel.size(); ++i) {
    const double* spectra = table_.data() + channel[i] * width_;
    double reach = 0;
    for (std::size_t k = 0; k < components_; ++k) {
      spectra_[k * stride_ + j] = spectra[k];
      reach += spectra[k];
    }
    if (!(reach > 0)) continue;
    x_[j] = value[i];
    least_ = std::min(least_, value[i]);
    reached_.push_back(channel[i]);
    ++j;
  }
  channel_ = reached_;
  count_ = (j + kernels::row_padding - 1) / kernels::row_padding * kernels::row_padding;
  for (; j < count_; ++j) {
    x_[j] = 0;
    for (std::size_t k = 0; k < components_; ++k) spectra_[k * stride_ + j] = 0;
  }
}

bool PoissonRowSolver::derivatives(const double* w, bool with_hessian) {
  const kernels::PoissonRow row{x_.data(), spectra_.data(), stride_, count_, components_};
  return kernels::poisson_derivatives(row, w, ratio_.data(), curvature_.data(), gain_.data(),
                                      with_hessian ? hessian_.data() : nullptr);
}

/// The Newton step over the loadings that may move. False when none may.
bool PoissonRowSolver::direction(const double* w) {
  free_.clear();
  for (std::size_t k = 0; k < components_; ++k) {
    slope_[k] = spectra_sum_[k] - gain_[k];
    if (w[k] > 0 || slope_[k] < 0) free_.push_back(k);
  }
  while (!free_.empty()) {
    const std::size_t n = free_.size();
    double trace = 0;
    for (const std::size_t k : free_) trace += hessian_[k * components_ + k];
    for (std::size_t i = 0; i < n; ++i) {
      right_[i] = -slope_[free_[i]];
      for (std::size_t j = 0; j < n; ++j) part_[i * n + j] = hessian_[free_[i] * components_ + free_[j]];
      // Fewer nonzeros than spectra leave the matrix singular. A larger matrix only shortens the step.
      part_[i * n + i] += 1e-9 * trace + 1e-300;
    }
    if (!math::solve_positive_definite(part_.data(), right_.data(), right_.data(), n, scratch_)) return false;
    bool all_may_move = true;
    for (std::size_t i = n; i-- > 0;) {
      if (w[free_[i]] > 0 || right_[i] >= 0) continue;
      free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
      all_may_move = false;
    }
    if (!all_may_move) continue;
    std::fill(step_.begin(), step_.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i) step_[free_[i]] = right_[i];
    return true;
  }
  return false;
}

void PoissonRowSolver::solve(double* w, int steps, double tolerance) {
  if (!(sum_ > 0)) {
    std::fill(w, w + components_, 0.0);
    derivatives(w, false);
    return;
  }
  if (!derivatives(w, true)) {
    // The start left out every spectrum that reaches some channel with counts.
    for (std::size_t k = 0; k < components_; ++k) {
      w[k] = std::max(w[k], 1e-3 * sum_ / static_cast<double>(components_));
    }
    derivatives(w, true);
  }
  for (int i = 0; i < steps; ++i) {
    if (!direction(w)) return;
    double squared_decrement = 0;
    for (std::size_t k = 0; k < components_; ++k) squared_decrement -= slope_[k] * step_[k];
    if (!(squared_decrement > tolerance)) return;
    const double decrement = std::sqrt(squared_decrement / least_);
    double length = decrement < 0.5 ? 1.0 : 1 / (1 + decrement);
    for (std::size_t k = 0; k < components_; ++k) {
      if (w[k] + length * step_[k] < 0) length = -w[k] / step_[k];
    }
    for (std::size_t k = 0; k < components_; ++k) {
      const double next = w[k] + length * step_[k];
      w[k] = next > 1e-12 * sum_ || step_[k] >= 0 ? next : 0.0;
    }
    derivatives(w, i + 1 < steps);
  }
}

double PoissonRowSolver::divergence(const double* w) const {
  const kernels::PoissonRow row{x_.data(), spectra_.data(), stride_, count_, components_};
  double divergence = kernels::poisson_log_sum(row, ratio_.data()) - sum_;
  for (std::size_t k = 0; k < components_; ++k) divergence += spectra_sum_[k] * w[k];
  return divergence;
}

void PoissonRowSolver::sigma(const double* w, double* sigma) {
  const double most = std::max(1.0, sum_);
  const bool known =
      sum_ > 0 && derivatives(w, true) && math::inverse_diagonal(hessian_.data(), sigma, components_, scratch_);
  for (std::size_t k = 0; k < components_; ++k) sigma[k] = known ? std::min(most, std::sqrt(sigma[k])) : most;
}

}  // namespace ruska::ops::unmix
