// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <Eigen/Dense>

namespace ruska::ops::eds {

/// Least squares with amplitudes ≥ 0, from the normal equations: minimises ½ xᵀ gram x − xᵀ right over x ≥ 0, only the
/// columns in `use` being free. C. L. Lawson and R. J. Hanson, Solving Least Squares Problems (1974), chapter 23,
/// started from the amplitudes `start` (zeros, or those of a similar fit). Cost: one Cholesky factorisation of the
/// positive columns per column that enters or leaves.
class NonNegativeFit {
 public:
  NonNegativeFit(const Eigen::MatrixXd& gram, const Eigen::VectorXd& right, const std::vector<int>& use,
                 const Eigen::VectorXd& start);

  /// One per column of `gram`, zero where not in use.
  const Eigen::VectorXd& amplitudes() const { return amplitudes_; }
  /// Columns with an amplitude > 0.
  const std::vector<int>& positive() const { return positive_; }
  /// xᵀ gram x − 2 xᵀ right: χ² less its value for zero amplitudes.
  double objective() const { return objective_; }
  /// Covariance of the positive amplitudes, in the order of `positive`: the inverse of their part of `gram`.
  Eigen::MatrixXd covariance(const Eigen::MatrixXd& gram) const;

 private:
  Eigen::VectorXd amplitudes_;
  std::vector<int> positive_;
  double objective_ = 0;
};

}  // namespace ruska::ops::eds
