// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <Eigen/Dense>

namespace ruska::ops::unmix {

/// Estimates w_k = Σ_j c_kj x_j of how many counts of each spectrum a position holds. They are free to leave the range
/// that w has, which makes them unbiased, so that the spread of counts alone says how far they lie from the truth.
class LinearEstimate {
 public:
  using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  /// `spectra` (K × channels) must outlive the object; each has unit sum.
  explicit LinearEstimate(const RowMatrix& spectra) : spectra_(spectra) {}

  /// The coefficients of weighted least squares, weights 1/(Σ_k mixture_k · spectra_k) per channel: where the mixture
  /// is the truth no unbiased estimate of Poisson counts spreads less, and Σ_k w_k = Σ_j x_j whatever the mixture.
  /// False when the spectra are not independent.
  bool weigh_by_mixture(const double* mixture);
  /// The same with given weights per channel, ≥ 0; with `share_out` the sum Σ_k w_k = Σ_j x_j is imposed.
  bool weigh_by(const std::vector<double>& weight, bool share_out);

  void estimate(std::span<const std::uint32_t> channel, std::span<const double> value, double* w) const;

  /// Covariance of the estimates for counts of mean Σ_k w_k · spectra_k. K × K.
  const RowMatrix& poisson_covariance(const double* w);
  /// Variance of the estimate k for counts of a spectrum l of one count: the variance for a mixture is their sum.
  double poisson_variance(std::size_t k, std::size_t l) const {
    return per_count_(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(l));
  }
  /// Covariance of the estimates where the variance of x_j is 1/weight_j (as last given to `weigh_by`).
  const RowMatrix& unit_covariance() const { return unit_covariance_; }

 private:
  bool finish(bool share_out);

  const RowMatrix& spectra_;
  Eigen::RowVectorXd weight_;
  RowMatrix weighted_, coefficient_, per_count_, unit_covariance_, covariance_, scaled_;
};

}  // namespace ruska::ops::unmix
