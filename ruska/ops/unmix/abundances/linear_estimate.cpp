// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// c = (S D Sᵀ)⁻¹ S D with D the weights (Aitken, Proc. R. Soc. Edinburgh 55, 42 (1935)). With D = 1/(Sᵀ b) and spectra
// of unit sum, S D Sᵀ b = 1, hence (S D Sᵀ)⁻¹ 1 = b and every column of c sums to 1: the estimates share out the
// counts. Under other weights the sum is imposed by moving the estimates along (S D Sᵀ)⁻¹ 1. Cost per mixture: 3 K²
// multiplications per channel.
#include "ruska/ops/unmix/abundances/linear_estimate.hpp"

namespace ruska::ops::unmix {

bool LinearEstimate::finish(bool share_out) {
  weighted_.noalias() = spectra_ * weight_.asDiagonal();
  const RowMatrix gram = weighted_ * spectra_.transpose();
  const Eigen::LDLT<Eigen::MatrixXd> factors(gram);
  const auto pivots = factors.vectorD();
  if (factors.info() != Eigen::Success || !(pivots.minCoeff() > 1e-10 * pivots.maxCoeff())) return false;
  coefficient_ = factors.solve(weighted_);
  if (share_out) {
    const Eigen::VectorXd along = factors.solve(Eigen::VectorXd::Ones(gram.rows()));
    const Eigen::RowVectorXd missing = Eigen::RowVectorXd::Ones(coefficient_.cols()) - coefficient_.colwise().sum();
    coefficient_ += along / along.sum() * missing;
  }
  per_count_.noalias() = coefficient_.cwiseAbs2() * spectra_.transpose();
  return true;
}

bool LinearEstimate::weigh_by_mixture(const double* mixture) {
  const Eigen::Map<const Eigen::RowVectorXd> b(mixture, spectra_.rows());
  weight_.noalias() = b * spectra_;
  // A channel that no spectrum reaches takes no part.
  weight_ = (weight_.array() > 0).select(weight_.cwiseInverse(), 0.0);
  return finish(false);
}

bool LinearEstimate::weigh_by(const std::vector<double>& weight, bool share_out) {
  weight_ = Eigen::Map<const Eigen::RowVectorXd>(weight.data(), static_cast<Eigen::Index>(weight.size()));
  if (!finish(share_out)) return false;
  // Where a weight is 0 no variance is known; the estimate must not look there, except to share out.
  const Eigen::RowVectorXd variance = (weight_.array() > 0).select(weight_.cwiseInverse(), 0.0);
  unit_covariance_ = coefficient_ * variance.asDiagonal() * coefficient_.transpose();
  return true;
}

void LinearEstimate::estimate(std::span<const std::uint32_t> channel, std::span<const double> value, double* w) const {
  for (Eigen::Index k = 0; k < coefficient_.rows(); ++k) {
    const double* c = coefficient_.data() + k * coefficient_.cols();
    double sum = 0;
    for (std::size_t j = 0; j < channel.size(); ++j) sum += c[channel[j]] * value[j];
    w[k] = sum;
  }
}

const LinearEstimate::RowMatrix& LinearEstimate::poisson_covariance(const double* w) {
  const Eigen::Map<const Eigen::RowVectorXd> counts(w, spectra_.rows());
  const Eigen::RowVectorXd mean = counts * spectra_;
  scaled_.noalias() = coefficient_ * mean.asDiagonal();
  covariance_.noalias() = scaled_ * coefficient_.transpose();
  return covariance_;
}

}  // namespace ruska::ops::unmix
