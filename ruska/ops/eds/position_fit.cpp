// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Cost per position: nonzeros · K for MᵀWy, K² for the rest; K some ten to thirty columns. With weights of its own a
// position costs channels · K² per iteration.
#include "ruska/ops/eds/position_fit.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::ops::eds {

namespace {

constexpr int likelihood_passes = 4;

// The background's shape times Bernstein's parabolas, which are not negative, in ln E.
Eigen::MatrixXd shaped_background(const LineModel& model) {
  const double low = std::log(std::max(0.05, model.axis.at(static_cast<double>(model.first))));
  const double high = std::log(std::max(0.05, model.axis.at(static_cast<double>(model.first + model.size - 1))));
  Eigen::MatrixXd columns(model.size, 3);
  for (Eigen::Index i = 0; i < model.size; ++i) {
    const double energy = std::max(0.05, model.axis.at(static_cast<double>(model.first + i)));
    const double u = std::clamp((std::log(energy) - low) / (high - low), 0.0, 1.0), v = 1.0 - u;
    columns.row(i) << v * v, 2.0 * u * v, u * u;
    columns.row(i) *= model.background[i];
  }
  std::vector<Eigen::Index> kept;
  for (Eigen::Index k = 0; k < 3; ++k) {
    if (columns.col(k).sum() > 0) kept.push_back(k);
  }
  Eigen::MatrixXd scaled = columns(Eigen::all, kept);
  for (Eigen::Index k = 0; k < scaled.cols(); ++k) scaled.col(k) /= scaled.col(k).sum();
  return scaled;
}

}  // namespace

PositionFit::PositionFit(const LineModel& model, std::int64_t positions, bool free_background, bool non_negative)
    : first_(model.first), families_(model.templates.cols()), non_negative_(non_negative) {
  const Eigen::MatrixXd background = free_background ? model.background_columns : shaped_background(model);
  matrix_.resize(model.size, families_ + background.cols());
  matrix_ << model.templates, background;
  column_sums_ = matrix_.colwise().sum();

  // Half a count in the whole map, so that channels without counts do not weigh without limit.
  const Eigen::VectorXd expected = model.fit.cwiseMax(0.5);
  one_count_ = expected / expected.sum();
  // The weights of the sum spectrum's fit, which know the model's own error: with Poisson's alone every position would
  // lay what the model gets wrong of a strong line upon its weak neighbours, and the map would show an element that the
  // sum spectrum does not.
  const auto of_search = [&](const std::vector<double>& values) {
    return Eigen::Map<const Eigen::VectorXd>(values.data() + model.first, model.size);
  };
  const Eigen::VectorXd variance =
      (of_search(model.found.variance) + model.fit - of_search(model.found.fit)).cwiseMax(expected);
  weights_ = variance.cwiseInverse() * static_cast<double>(std::max<std::int64_t>(1, positions));
  const Eigen::MatrixXd weighted = weights_.asDiagonal() * matrix_;
  weighted_ = weighted.transpose();
  gram_ = matrix_.transpose() * weighted;
  gram_.diagonal() *= 1.0 + 1e-11;  // two families of the same shape must not make the matrix singular
  factors_.compute(gram_);
  estimator_ = factors_.solve(weighted_);

  // E[rᵀWr] = Σ w_i (1 − P_ii) λ_i with the projection P = M H.
  const Eigen::VectorXd left = weights_.cwiseProduct(
      (Eigen::VectorXd::Ones(model.size) - matrix_.cwiseProduct(estimator_.transpose()).rowwise().sum()));
  expected_squares_.resize(columns() + 1);
  expected_squares_ << left.transpose() * matrix_, left.dot(one_count_);
}

void PositionFit::fit(const RowBlock& block, std::int64_t channels, Batch& batch) const {
  const Eigen::Index rows = block.range.size(), size = matrix_.rows();
  batch.squares = Eigen::VectorXd::Zero(rows);
  if (block.sparse) {
    batch.right.setZero(columns(), rows);
    for (Eigen::Index r = 0; r < rows; ++r) {
      const auto end = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(r) + 1]);
      for (auto i = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(r)]); i < end; ++i) {
        const Eigen::Index channel = static_cast<Eigen::Index>(block.channel[i]) - first_;
        if (channel < 0 || channel >= size) continue;
        const double value = static_cast<double>(block.value[i]);
        batch.right.col(r) += value * weighted_.col(channel);
        batch.squares[r] += value * value * weights_[channel];
      }
    }
  } else {
    const Eigen::Map<const Eigen::MatrixXd> all(block.dense.data(), channels, rows);
    const auto part = all.middleRows(first_, size);
    batch.right.noalias() = weighted_ * part;
    for (Eigen::Index r = 0; r < rows; ++r) batch.squares[r] = part.col(r).cwiseAbs2().dot(weights_);
  }
  batch.amplitudes = factors_.solve(batch.right);
  if (non_negative_) {
    const auto n = static_cast<std::size_t>(columns());
    math::NonnegativeLeastSquares solver({gram_.data(), gram_.data() + gram_.size()}, n);
    for (Eigen::Index r = 0; r < rows; ++r) {
      if ((batch.amplitudes.col(r).array() >= 0).all()) continue;
      solver.solve(batch.right.col(r).data(), batch.amplitudes.col(r).data());
    }
  }
  mix(batch);
}

void PositionFit::mix(Batch& batch) const {
  const Eigen::Index rows = batch.amplitudes.cols();
  batch.mixture.resize(columns() + 1, rows);
  for (Eigen::Index r = 0; r < rows; ++r) {
    auto mixture = batch.mixture.col(r).head(columns());
    mixture = batch.amplitudes.col(r).cwiseMax(0.0);
    // Cutting off what is negative adds counts that the position does not have.
    const double now = column_sums_.dot(mixture), wanted = column_sums_.dot(batch.amplitudes.col(r));
    if (now > 0) mixture *= std::max(0.0, wanted) / now;
    batch.mixture(columns(), r) = 1.0;
  }
}

void PositionFit::refit(const RowBlock& block, std::int64_t channels, Batch& batch, Eigen::MatrixXd& variances,
                        Eigen::VectorXd& chi_square) const {
  const Eigen::Index rows = block.range.size(), size = matrix_.rows();
  variances.resize(families_, rows);
  chi_square.resize(rows);
  Eigen::VectorXd spectrum(size), lambda(size), right(columns());
  Eigen::MatrixXd weighted(size, columns()), gram(columns(), columns());
  const auto n = static_cast<std::size_t>(columns());
  Batch one;
  one.amplitudes.resize(columns(), 1);
  Eigen::LLT<Eigen::MatrixXd> factors(columns());
  for (Eigen::Index r = 0; r < rows; ++r) {
    if (block.sparse) {
      spectrum.setZero();
      const auto end = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(r) + 1]);
      for (auto i = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(r)]); i < end; ++i) {
        const Eigen::Index channel = static_cast<Eigen::Index>(block.channel[i]) - first_;
        if (channel >= 0 && channel < size) spectrum[channel] = static_cast<double>(block.value[i]);
      }
    } else {
      spectrum = Eigen::Map<const Eigen::VectorXd>(block.dense.data() + r * channels + first_, size);
    }
    one.amplitudes.col(0) = batch.amplitudes.col(r);
    for (int pass = 0; pass <= likelihood_passes; ++pass) {
      mix(one);
      lambda.noalias() = matrix_ * one.mixture.col(0).head(columns());
      lambda += one_count_;
      weighted = lambda.cwiseInverse().asDiagonal() * matrix_;
      gram.noalias() = matrix_.transpose() * weighted;
      gram.diagonal() *= 1.0 + 1e-11;
      factors.compute(gram);
      if (pass == likelihood_passes) break;
      right.noalias() = weighted.transpose() * spectrum;
      one.amplitudes.col(0) = factors.solve(right);
      if (non_negative_ && (one.amplitudes.array() < 0).any()) {
        math::NonnegativeLeastSquares solver({gram.data(), gram.data() + gram.size()}, n);
        solver.solve(right.data(), one.amplitudes.data());
      }
    }
    batch.amplitudes.col(r) = one.amplitudes.col(0);
    batch.mixture.col(r) = one.mixture.col(0);
    variances.col(r) = factors.solve(Eigen::MatrixXd::Identity(columns(), columns())).diagonal().head(families_);
    const Eigen::VectorXd rest = spectrum - matrix_ * one.amplitudes.col(0);
    chi_square[r] = rest.cwiseAbs2().cwiseQuotient(lambda).sum() / static_cast<double>(size - columns());
  }
}

Eigen::MatrixXd PositionFit::covariance_terms(const std::vector<std::pair<Eigen::Index, Eigen::Index>>& pairs) const {
  Eigen::MatrixXd terms(static_cast<Eigen::Index>(pairs.size()), columns() + 1);
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const Eigen::VectorXd product =
        estimator_.row(pairs[p].first).cwiseProduct(estimator_.row(pairs[p].second)).transpose();
    terms.row(static_cast<Eigen::Index>(p)) << product.transpose() * matrix_, product.dot(one_count_);
  }
  return terms;
}

Eigen::VectorXd PositionFit::chi_square(const Batch& batch) const {
  const Eigen::MatrixXd image = gram_ * batch.amplitudes;
  Eigen::VectorXd result(batch.amplitudes.cols());
  const Eigen::RowVectorXd expected = expected_squares_ * batch.mixture;
  for (Eigen::Index r = 0; r < result.size(); ++r) {
    const double squares = batch.squares[r] - 2.0 * batch.amplitudes.col(r).dot(batch.right.col(r)) +
                           batch.amplitudes.col(r).dot(image.col(r));
    result[r] = std::max(0.0, squares) / expected[r];
  }
  return result;
}

Eigen::VectorXd PositionFit::background_counts(const Batch& batch) const {
  const Eigen::Index splines = columns() - families_;
  return batch.amplitudes.bottomRows(splines).transpose() * column_sums_.tail(splines);
}

std::int64_t PositionFit::bytes_per_worker(std::int64_t rows) const {
  return 8 * (rows * (6 * columns() + 4) + 3 * matrix_.rows() * columns() + 4 * columns() * columns());
}

}  // namespace ruska::ops::eds
