// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/non_negative_fit.hpp"

#include <algorithm>

namespace ruska::ops::eds {

namespace {

Eigen::MatrixXd part_of(const Eigen::MatrixXd& gram, const std::vector<int>& columns) {
  const auto size = static_cast<Eigen::Index>(columns.size());
  Eigen::MatrixXd part(size, size);
  for (Eigen::Index j = 0; j < size; ++j) {
    for (Eigen::Index i = 0; i < size; ++i) {
      part(i, j) = gram(columns[static_cast<std::size_t>(i)], columns[static_cast<std::size_t>(j)]);
    }
    part(j, j) *= 1.0 + 1e-11;  // keeps two templates that are the same from making the matrix singular
  }
  return part;
}

}  // namespace

NonNegativeFit::NonNegativeFit(const Eigen::MatrixXd& gram, const Eigen::VectorXd& right, const std::vector<int>& use,
                               const Eigen::VectorXd& start)
    : amplitudes_(Eigen::VectorXd::Zero(gram.rows())) {
  for (const int column : use) {
    if (start[column] > 0) {
      positive_.push_back(column);
      amplitudes_[column] = start[column];
    }
  }
  // Every pass lowers the objective or ends; the bound only guards against cycling by rounding.
  for (std::size_t pass = 0; pass < 20 * use.size() + 20; ++pass) {
    while (!positive_.empty()) {
      Eigen::VectorXd wanted(static_cast<Eigen::Index>(positive_.size()));
      for (std::size_t i = 0; i < positive_.size(); ++i) wanted[static_cast<Eigen::Index>(i)] = right[positive_[i]];
      wanted = part_of(gram, positive_).llt().solve(wanted).eval();
      double step = 1.0;
      for (std::size_t i = 0; i < positive_.size(); ++i) {
        const double now = amplitudes_[positive_[i]], next = wanted[static_cast<Eigen::Index>(i)];
        if (!(next > 0)) step = std::min(step, now / (now - next));
      }
      for (std::size_t i = 0; i < positive_.size(); ++i) {
        double& now = amplitudes_[positive_[i]];
        const double next = wanted[static_cast<Eigen::Index>(i)];
        now = next > 0 || now / (now - next) > step ? now + step * (next - now) : 0.0;
      }
      const std::size_t before = positive_.size();
      std::erase_if(positive_, [&](int column) {
        if (amplitudes_[column] > 0) return false;
        amplitudes_[column] = 0.0;
        return true;
      });
      if (positive_.size() == before) break;
    }
    const Eigen::VectorXd slope = right - gram * amplitudes_;
    int best = -1;
    double most = 1e-9;
    for (const int column : use) {
      if (amplitudes_[column] > 0 || !(gram(column, column) > 0)) continue;
      // In units of the column's own σ, so that the choice does not depend on how templates are scaled.
      const double gain = slope[column] / std::sqrt(gram(column, column));
      if (gain > most) {
        most = gain;
        best = column;
      }
    }
    if (best < 0) break;
    positive_.push_back(best);
  }
  objective_ = amplitudes_.dot(gram * amplitudes_) - 2.0 * amplitudes_.dot(right);
}

Eigen::MatrixXd NonNegativeFit::covariance(const Eigen::MatrixXd& gram) const {
  const auto size = static_cast<Eigen::Index>(positive_.size());
  return part_of(gram, positive_).llt().solve(Eigen::MatrixXd::Identity(size, size));
}

}  // namespace ruska::ops::eds
