// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include "ruska/core/rows.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"
#include "ruska/ops/eds/line_model.hpp"

namespace ruska::ops::eds {

/// From how many positions on their sum knows the shape of the background well enough for each of them.
inline constexpr std::int64_t enough_for_shape = 10;

/// The least-squares fit of a `LineModel` to the spectrum of each position, all with the weights of the sum spectrum's
/// fit: amplitudes are a = H y with one matrix H = (MᵀWM)⁻¹MᵀW, so that a block of positions is one product. Their
/// covariance is exactly H diag(λ) Hᵀ, λ being the position's own expected counts; these are taken from its fit with
/// negative parts cut off, and one count spread like the sum spectrum's fit added, so that no σ is zero.
class PositionFit {
 public:
  /// `free_background`: every position fits all B-splines; otherwise the sum spectrum's background times a parabola in
  /// the logarithm of the energy.
  PositionFit(const LineModel& model, std::int64_t positions, bool free_background, bool non_negative);

  Eigen::Index families() const { return families_; }
  Eigen::Index columns() const { return matrix_.cols(); }

  /// The fit of the rows of a block.
  struct Batch {
    Eigen::MatrixXd right;       ///< columns × rows: MᵀWy
    Eigen::MatrixXd amplitudes;  ///< columns × rows, families first
    Eigen::VectorXd squares;     ///< per row: yᵀWy
    Eigen::MatrixXd mixture;     ///< (columns + 1) × rows: λ = [M, m₁] mixture, all ≥ 0
  };
  void fit(const RowBlock& block, std::int64_t channels, Batch& batch) const;

  /// Refits the rows by Poisson likelihood (weights from their own fits, iterated), and gives the variances of the
  /// families (families × rows) and Pearson's χ² per degree of freedom.
  void refit(const RowBlock& block, std::int64_t channels, Batch& batch, Eigen::MatrixXd& variances,
             Eigen::VectorXd& chi_square) const;

  /// Terms (pairs × (columns + 1)) whose product with `mixture` is the covariance of pairs of families.
  Eigen::MatrixXd covariance_terms(const std::vector<std::pair<Eigen::Index, Eigen::Index>>& pairs) const;
  /// Weighted squared residuals over their expectation, per row.
  Eigen::VectorXd chi_square(const Batch& batch) const;
  /// Counts of the background within the fitted channels, per row.
  Eigen::VectorXd background_counts(const Batch& batch) const;

  /// Bytes that a worker holds beside its block.
  std::int64_t bytes_per_worker(std::int64_t rows) const;

 private:
  void mix(Batch& batch) const;

  std::int64_t first_;
  Eigen::Index families_;
  bool non_negative_;
  Eigen::MatrixXd matrix_;     // M: channels fitted × columns
  Eigen::VectorXd one_count_;  // m / Σ m
  Eigen::VectorXd weights_;    // 1 / m
  Eigen::MatrixXd weighted_;   // (W M)ᵀ: columns × channels, so that one channel's row is contiguous
  Eigen::MatrixXd gram_;
  Eigen::LLT<Eigen::MatrixXd> factors_;
  Eigen::MatrixXd estimator_;            // H
  Eigen::VectorXd column_sums_;          // counts within the range per amplitude
  Eigen::RowVectorXd expected_squares_;  // with `mixture`: the expectation of the weighted squared residuals
};

}  // namespace ruska::ops::eds
