// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Maximum-likelihood principal components, Wentzell et al., J. Chemometrics 11, 339 (1997), for errors that are
// independent and known: min Σ (x_ij − Σ_k l_ik f_kj)² / v_ij by alternating weighted least squares. One pass per
// iteration: a position's loadings are solved from the factors, and at once add to the normal equations of every
// channel's factors. Start: the principal components with Keenan and Kotula's weights, which are the exact solution for
// v_ij = g_i h_j.
//
// Departures: the variance of counts is not the counts themselves, which takes zeros for certain, but what the start
// fits, and no less than a hundredth of what the sums over position and channel predict; the solution is turned to
// orthonormal factors of falling singular value.
//
// Cost per iteration: positions · channels · components² multiply-adds. Memory: channels · components² / 2 per worker.
#include "ruska/ops/unmix/mlpca/mlpca.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <Eigen/Cholesky>
#include <cblas.h>

#include "ruska/base/large_array.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/math/symmetric_eigen.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr double least_share = 0.01;  // of the variance that the sums predict
constexpr std::int64_t batch_rows = 32;
constexpr double singular = 1e-12;  // of the largest diagonal element: normal equations below are left unsolved

PcaParams principal_params(const MlpcaParams& params) {
  PcaParams principal;
  principal.components = params.components;
  principal.rank_rule = params.rank_rule;
  principal.seed = params.seed;
  return principal;
}

/// Symmetric positive systems of k unknowns, by Cholesky.
class NormalEquations {
 public:
  explicit NormalEquations(std::size_t k) : k_(static_cast<Eigen::Index>(k)), matrix_(k_, k_), inverse_(k_, k_) {}

  /// `upper`: the upper triangle, row by row. `right` becomes the solution, `variance` the inverse's diagonal; both
  /// become zeros where the system is singular.
  void solve(const double* upper, double* right, double* variance) {
    double largest = 0;
    for (Eigen::Index p = 0, at = 0; p < k_; ++p) {
      for (Eigen::Index q = p; q < k_; ++q) matrix_(q, p) = upper[at++];
      largest = std::max(largest, matrix_(p, p));
    }
    Eigen::Map<Eigen::VectorXd> unknowns(right, k_), diagonal(variance, k_);
    bool solved = largest > 0;
    for (Eigen::Index p = 0; p < k_ && solved; ++p) solved = matrix_(p, p) > singular * largest;
    if (solved) {
      const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> factor(matrix_);
      solved = factor.info() == Eigen::Success;
      if (solved) {
        factor.solveInPlace(unknowns);
        inverse_.setIdentity();
        factor.matrixL().solveInPlace(inverse_);
        diagonal = inverse_.colwise().squaredNorm().transpose();
        return;
      }
    }
    unknowns.setZero();
    diagonal.setZero();
  }

 private:
  Eigen::Index k_;
  Eigen::MatrixXd matrix_, inverse_;
};

/// The weights 1/v of one position's channels.
class Weights {
 public:
  Weights(const Rows& data, const PcaResult& start) : data_(data), start_(start) {}

  /// To `values`. `block`: the variances' partition, or null.
  void of_row(const RowBlock* block, RowRange range, std::int64_t row, std::span<double> values) const {
    if (block != nullptr) {
      copy_row(*block, row - range.begin, values);
      for (std::size_t c = 0; c < values.size(); ++c) {
        if (!(values[c] >= 0) || !std::isfinite(values[c])) {
          throw Error(ErrorKind::bad_data,
                      "the variance at " + place_of(data_.data().describe(), row, static_cast<std::int64_t>(c)) +
                          " is " +
                          (std::isfinite(values[c]) ? std::to_string(values[c]) + ", and must not be negative"
                                                    : std::string("not finite")) +
                          "; give a positive one, or 0 to leave the element out");
        }
        values[c] = values[c] > 0 ? 1 / values[c] : 0.0;
      }
    } else {
      const auto r = static_cast<std::size_t>(row), count = static_cast<std::size_t>(start_.components);
      const Marginals& sums = start_.marginals;
      const double share = sums.total > 0 ? sums.row_sum[r] / sums.total : 0.0;
      std::fill(values.begin(), values.end(), 0.0);
      for (std::size_t k = 0; k < count; ++k) {
        const double loading = start_.loadings[r * count + k];
        const double* const factor = &start_.factors[k * values.size()];
        for (std::size_t c = 0; c < values.size(); ++c) values[c] += loading * factor[c];
      }
      for (std::size_t c = 0; c < values.size(); ++c) {
        const double mean = std::max(values[c], least_share * share * sums.column_sum[c]);
        values[c] = mean > 0 ? 1 / mean : 0.0;
      }
    }
    for (std::size_t c = 0; c < values.size(); ++c) {
      if (data_.column_masked(static_cast<std::int64_t>(c))) values[c] = 0;
    }
  }

 private:
  const Rows& data_;
  const PcaResult& start_;
};

/// Some rows at a time, so that their sums are products of matrices.
class Batch {
 public:
  Batch(const Rows& data, const PcaResult& start, std::size_t columns, std::size_t k)
      : data_(data),
        weights_(data, start),
        equations_(k),
        columns_(columns),
        k_(k),
        triangle_(k * (k + 1) / 2),
        weight_(batch_rows * columns),
        value_(batch_rows * columns),
        weighted_(batch_rows * columns),
        normal_(batch_rows * triangle_),
        right_(batch_rows * k) {}

  /// Loadings of the rows from the factors, and what they add to `into`: per channel the triangle of its normal
  /// equations and their right sides, then the sum of the weighted squared residuals and the number of elements.
  /// `products`: of pairs of factors, channels × triangle.
  void fit(const RowBlock& block, const RowBlock* variances, RowRange range, RowRange rows,
           const std::vector<double>& products, MlpcaResult& result, std::vector<double>& into) {
    const auto count = static_cast<std::size_t>(rows.size());
    for (std::size_t r = 0; r < count; ++r) {
      const std::int64_t row = rows.begin + static_cast<std::int64_t>(r);
      const std::span weight = std::span(weight_).subspan(r * columns_, columns_);
      const std::span value = std::span(value_).subspan(r * columns_, columns_);
      if (data_.row_masked(row)) {
        std::ranges::fill(weight, 0.0);
        std::ranges::fill(value, 0.0);
      } else {
        copy_row(block, row - range.begin, value);
        weights_.of_row(variances, range, row, weight);
      }
      for (std::size_t c = 0; c < columns_; ++c) weighted_[r * columns_ + c] = weight[c] * value[c];
    }
    const int m = static_cast<int>(count), n = static_cast<int>(columns_), k = static_cast<int>(k_),
              t = static_cast<int>(triangle_), width = t + k;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, t, n, 1.0, weight_.data(), n, products.data(), t, 0.0,
                normal_.data(), t);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, k, n, 1.0, weighted_.data(), n, result.factors.data(), n,
                0.0, right_.data(), k);
    for (std::size_t r = 0; r < count; ++r) {
      const auto row = static_cast<std::size_t>(rows.begin) + r;
      double* const loading = &right_[r * k_];
      double* const deviation = &result.loadings_sigma[row * k_];
      equations_.solve(&normal_[r * triangle_], loading, deviation);
      for (std::size_t p = 0, at = r * triangle_; p < k_; ++p) {
        deviation[p] = std::sqrt(deviation[p]);
        for (std::size_t q = p; q < k_; ++q) normal_[at++] = loading[p] * loading[q];
      }
      std::copy_n(loading, k_, &result.loadings[row * k_]);
      if (!data_.row_masked(rows.begin + static_cast<std::int64_t>(r))) continue;
      std::fill_n(&result.loadings[row * k_], k_, std::numeric_limits<double>::quiet_NaN());
      std::fill_n(deviation, k_, std::numeric_limits<double>::quiet_NaN());
    }
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, t, m, 1.0, weight_.data(), n, normal_.data(), t, 1.0,
                into.data(), width);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, k, m, 1.0, weighted_.data(), n, right_.data(), k, 1.0,
                into.data() + t, width);
    // value − loadings · factors
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, -1.0, right_.data(), k, result.factors.data(), n,
                1.0, value_.data(), n);
    for (std::size_t r = 0; r < count; ++r) {
      const double* const weight = &weight_[r * columns_];
      const double* const residual = &value_[r * columns_];
      std::int64_t elements = 0;
      for (std::size_t c = 0; c < columns_; ++c) {
        weighted_[c] = weight[c] * residual[c];
        elements += weight[c] != 0 ? 1 : 0;
      }
      into[into.size() - 2] += cblas_ddot(n, weighted_.data(), 1, residual, 1);
      into[into.size() - 1] += static_cast<double>(elements);
    }
  }

 private:
  const Rows& data_;
  Weights weights_;
  NormalEquations equations_;
  std::size_t columns_, k_, triangle_;
  LargeArray<double> weight_, value_, weighted_;  // rows × channels
  std::vector<double> normal_, right_;            // rows × triangle, rows × k
};

void fix_sign(double* factor, std::size_t columns, double* loadings, std::size_t rows, std::size_t stride) {
  const double* const largest =
      std::max_element(factor, factor + columns, [](double a, double b) { return std::abs(a) < std::abs(b); });
  if (*largest >= 0) return;
  for (std::size_t c = 0; c < columns; ++c) factor[c] = -factor[c];
  for (std::size_t i = 0; i < rows; ++i) loadings[i * stride] = -loadings[i * stride];
}

/// Turns loadings · factors to orthonormal factors and orthogonal loadings of falling norm; their σ along with them, as
/// if errors of different components were independent.
void turn(MlpcaResult& result, std::size_t rows, std::size_t columns) {
  const auto k = static_cast<std::size_t>(result.components);
  const auto apply = [&](const std::vector<double>& of_factors, const std::vector<double>& of_loadings) {
    // factors' = of_factors · factors; loadings' = loadings · of_loadings.
    std::vector<double> factors(k * columns, 0.0), sigma(k * columns, 0.0), one(k), deviation(k);
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t q = 0; q < k; ++q) {
        const double weight = of_factors[p * k + q];
        for (std::size_t c = 0; c < columns; ++c) {
          factors[p * columns + c] += weight * result.factors[q * columns + c];
          sigma[p * columns + c] += std::pow(weight * result.factors_sigma[q * columns + c], 2);
        }
      }
    }
    for (double& value : sigma) value = std::sqrt(value);
    result.factors = std::move(factors);
    result.factors_sigma = std::move(sigma);
    for (std::size_t i = 0; i < rows; ++i) {
      double* const loading = &result.loadings[i * k];
      double* const uncertainty = &result.loadings_sigma[i * k];
      for (std::size_t p = 0; p < k; ++p) {
        one[p] = deviation[p] = 0;
        for (std::size_t q = 0; q < k; ++q) {
          const double weight = of_loadings[q * k + p];
          one[p] += loading[q] * weight;
          deviation[p] += std::pow(uncertainty[q] * weight, 2);
        }
      }
      for (std::size_t p = 0; p < k; ++p) {
        loading[p] = one[p];
        uncertainty[p] = std::sqrt(deviation[p]);
      }
    }
  };
  const auto scaled = [&](const math::SymmetricEigen& eigen, double power, bool transposed) {
    std::vector<double> matrix(k * k, 0.0);
    for (std::size_t p = 0; p < k; ++p) {
      const double scale = eigen.values[p] > 0 ? std::pow(eigen.values[p], power) : 0.0;
      for (std::size_t q = 0; q < k; ++q) matrix[transposed ? q * k + p : p * k + q] = scale * eigen.vectors[p * k + q];
    }
    return matrix;
  };
  std::vector<double> gram(k * k, 0.0);
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t q = p; q < k; ++q) {
      gram[p * k + q] = std::inner_product(&result.factors[p * columns], &result.factors[p * columns] + columns,
                                           &result.factors[q * columns], 0.0);
    }
  }
  const math::SymmetricEigen of_factors = math::symmetric_eigen(std::move(gram), k, k);
  apply(scaled(of_factors, -0.5, false), scaled(of_factors, 0.5, true));
  gram.assign(k * k, 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    const double* const loading = &result.loadings[i * k];
    if (std::isnan(loading[0])) continue;
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t q = p; q < k; ++q) gram[p * k + q] += loading[p] * loading[q];
    }
  }
  const math::SymmetricEigen of_loadings = math::symmetric_eigen(std::move(gram), k, k);
  apply(scaled(of_loadings, 0, false), scaled(of_loadings, 0, true));
  for (const double value : of_loadings.values) {
    if (!std::isfinite(value)) {
      throw Error(ErrorKind::invalid_argument, "squares of the values leave double precision; scale the data");
    }
    result.singular_values.push_back(std::sqrt(std::max(0.0, value)));
  }
  for (std::size_t p = 0; p < k; ++p) {
    fix_sign(&result.factors[p * columns], columns, &result.loadings[p], rows, k);
  }
}

}  // namespace

MlpcaResult mlpca(const Rows& data, const Rows* variance, const MlpcaParams& params, Context& context) {
  const PcaResult start = pca(data, principal_params(params), context);
  if (variance == nullptr && !start.marginals.counts) {
    throw Error(ErrorKind::invalid_argument,
                "the data are no counts (integers of at least 0), so that their variance is not known; give it as "
                "--variance, or use unmix.pca");
  }
  const auto rows = static_cast<std::size_t>(data.rows()), columns = static_cast<std::size_t>(data.columns());
  const auto k = static_cast<std::size_t>(start.components);
  const std::size_t triangle = k * (k + 1) / 2, per_channel = triangle + k;
  MlpcaResult result;
  result.components = start.components;
  result.reason = start.reason;
  result.factors = start.factors;
  result.factors_sigma.resize(k * columns);
  result.loadings.resize(rows * k);
  result.loadings_sigma.resize(rows * k);

  Executor executor(context);
  std::vector<double> products(columns * triangle);  // of pairs of factors
  double before = std::numeric_limits<double>::infinity();
  while (!result.converged && result.iterations < params.iterations) {
    ++result.iterations;
    for (std::size_t p = 0, at = 0; p < k; ++p) {
      for (std::size_t q = p; q < k; ++q, ++at) {
        for (std::size_t c = 0; c < columns; ++c) {
          products[c * triangle + at] = result.factors[p * columns + c] * result.factors[q * columns + c];
        }
      }
    }
    const auto gathered = executor.reduce<std::vector<double>>(
        "fitting loadings and factors", data.partitions(),
        [&] { return std::vector<double>(columns * per_channel + 2, 0.0); },
        [&](std::vector<double>& into, std::int64_t partition, RowRange range) {
          const auto block = data.block(partition);
          const auto variances = variance != nullptr ? variance->block(partition) : nullptr;
          Batch batch(data, start, columns, k);
          for (std::int64_t row = range.begin; row < range.end; row += batch_rows) {
            batch.fit(*block, variances.get(), range, {row, std::min(row + batch_rows, range.end)}, products, result,
                      into);
          }
        },
        [](std::vector<double>& left, std::vector<double>&& right) {
          for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
        });
    const double objective = gathered[columns * per_channel], elements = gathered[columns * per_channel + 1];
    const double freedom = elements - static_cast<double>(k) * static_cast<double>(rows + columns - k);
    result.objective.push_back(freedom > 0 ? objective / freedom : objective);
    NormalEquations equations(k);
    std::vector<double> factor(k), deviation(k);
    for (std::size_t c = 0; c < columns; ++c) {
      std::copy_n(&gathered[c * per_channel + triangle], k, factor.begin());
      equations.solve(&gathered[c * per_channel], factor.data(), deviation.data());
      for (std::size_t p = 0; p < k; ++p) {
        result.factors[p * columns + c] = factor[p];
        result.factors_sigma[p * columns + c] = std::sqrt(deviation[p]);
      }
    }
    result.converged = before - objective <= params.tolerance * objective;
    before = objective;
  }
  executor.gather(data.partitions(), static_cast<std::int64_t>(k), std::span(result.loadings));
  executor.gather(data.partitions(), static_cast<std::int64_t>(k), std::span(result.loadings_sigma));
  turn(result, rows, columns);
  return result;
}

std::int64_t mlpca_memory(const Description& data, const MlpcaParams& params) {
  constexpr std::int64_t depth = 6;  // of the tree over at most 32 partial results, its root included
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const PcaParams principal = principal_params(params);
  const std::int64_t k = std::min({positions, channels, principal.components.value_or(principal.scree_length)});
  return pca_memory(data, principal) +
         8 * ((depth + 1) * channels * (k * (k + 3) / 2) + 4 * k * (positions + channels));
}

std::int64_t mlpca_memory_per_worker(const Description& data, const MlpcaParams& params) {
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const PcaParams principal = principal_params(params);
  const std::int64_t k = std::min({positions, channels, principal.components.value_or(principal.scree_length)});
  return std::max(pca_memory_per_worker(data),
                  8 * (2 * channels * (k * (k + 3) / 2) + 3 * batch_rows * (channels + k * k) + 2 * k * k));
}

}  // namespace ruska::ops::unmix
