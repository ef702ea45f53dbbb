// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/kernels/poisson_row.hpp"

namespace ruska::ops::unmix {

/// Poisson maximum likelihood of one row's non-negative loadings w for fixed spectra:
///   min φ(w) = Σ_k s_k w_k − Σ_j x_j ln λ_j,  λ_j = Σ_k w_k spectra_kj,  s_k = Σ_channels spectra_k.
/// φ is convex and, for x_j ≥ 1, self-concordant, so that Newton steps damped by 1/(1 + decrement) never let it rise
/// (Nesterov and Nemirovskii, Interior-Point Polynomial Algorithms, 1994, theorem 2.2.3); smaller x scale the
/// decrement. Loadings at zero whose slope points outward stay out of the step. One object per worker.
class PoissonRowSolver {
 public:
  /// `table` holds padded_width(components) numbers per channel; it must outlive the object.
  PoissonRowSolver(const std::vector<double>& table, std::size_t components);

  /// Takes a row's nonzeros, which must stay until the next. Channels that no spectrum reaches take no part.
  void load(std::span<const std::uint32_t> channel, std::span<const double> value);

  /// Improves w by at most `steps` Newton steps, until the fall expected of the next is below `tolerance`.
  void solve(double* w, int steps, double tolerance);

  /// Σ x ln(x/λ) − x + λ of the row at the w that `solve` left.
  double divergence(const double* w) const;
  /// Standard deviation of each loading from the observed Fisher information Σ x/λ² · spectra spectraᵀ at w, at most
  /// the larger of 1 and the row's sum: no loading can be further from the truth by more than all counts.
  void sigma(const double* w, double* sigma);

  /// Goes to w: `ratio`, `gain` and, where asked for, `hessian` of −Σ x ln λ. False when counts lie in a channel that
  /// no spectrum with w > 0 reaches; they then mean nothing.
  bool derivatives(const double* w, bool with_hessian);
  const std::vector<double>& gain() const { return gain_; }        ///< Σ_j x_j/λ_j · spectra_kj
  const std::vector<double>& hessian() const { return hessian_; }  ///< Σ_j x_j/λ_j² · spectra_kj · spectra_lj
  double least_value() const { return least_; }                    ///< the smaller of 1 and the least x_j

  std::span<const std::uint32_t> channel() const { return channel_; }  ///< those taken
  const double* ratio() const { return ratio_.data(); }                ///< x_j / λ_j
  const double* curvature() const { return curvature_.data(); }        ///< x_j / λ_j²
  const double* value() const { return x_.data(); }
  double sum() const { return sum_; }

 private:
  bool direction(const double* w);
  void load_reached(std::span<const std::uint32_t> channel, std::span<const double> value);

  const std::vector<double>& table_;
  std::size_t components_, width_;
  std::vector<double> spectra_sum_;
  std::span<const std::uint32_t> channel_;
  std::vector<std::uint32_t> reached_;
  std::vector<double> x_, spectra_, ratio_, curvature_;
  std::size_t stride_ = 0, count_ = 0;
  double sum_ = 0, least_ = 1;
  std::vector<double> gain_, hessian_, slope_, step_, part_, right_, scratch_;
  std::vector<std::size_t> free_;
};

}  // namespace ruska::ops::unmix
