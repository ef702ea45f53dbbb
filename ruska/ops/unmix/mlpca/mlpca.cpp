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

#include <lapacke.h>

#include "ruska/core/executor.hpp"
#include "ruska/math/symmetric_eigen.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr double least_share = 0.01;  // of the variance that the sums predict
constexpr double singular = 1e-12;    // of the largest diagonal element: normal equations below are left unsolved

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
  explicit NormalEquations(std::size_t k) : k_(k), matrix_(k * k) {}

  /// `upper`: the upper triangle, row by row. `right` becomes the solution, `variance` the inverse's diagonal; both
  /// become zeros where the system is singular.
  void solve(const double* upper, double* right, double* variance) {
    double largest = 0;
    for (std::size_t p = 0, at = 0; p < k_; ++p) {
      for (std::size_t q = p; q < k_; ++q) matrix_[q * k_ + p] = upper[at++];
      largest = std::max(largest, matrix_[p * k_ + p]);
    }
    const auto n = static_cast<lapack_int>(k_);
    bool solved = largest > 0;
    for (std::size_t p = 0; p < k_ && solved; ++p) solved = matrix_[p * k_ + p] > singular * largest;
    solved = solved && LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', n, matrix_.data(), n) == 0;
    if (!solved) {
      std::fill(right, right + k_, 0.0);
      std::fill(variance, variance + k_, 0.0);
      return;
    }
    LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, 'U', n, 1, matrix_.data(), n, right, n);
    LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'U', n, matrix_.data(), n);
    for (std::size_t p = 0; p < k_; ++p) variance[p] = matrix_[p * k_ + p];
  }

 private:
  std::size_t k_;
  std::vector<double> matrix_;
};

/// The weights 1/v of one position's channels.
class Weights {
 public:
  Weights(const Rows& data, const PcaResult& start)
      : data_(data), start_(start), values_(static_cast<std::size_t>(data.columns())) {}

  /// `block`: the variances' partition, or null.
  const std::vector<double>& of_row(const RowBlock* block, RowRange range, std::int64_t row) {
    if (block != nullptr) {
      copy_row(*block, row - range.begin, values_);
      for (std::size_t c = 0; c < values_.size(); ++c) {
        if (!(values_[c] >= 0) || !std::isfinite(values_[c])) {
          throw Error(ErrorKind::bad_data,
                      "the variance at " + place_of(data_.data().describe(), row, static_cast<std::int64_t>(c)) +
                          " is " +
                          (std::isfinite(values_[c]) ? std::to_string(values_[c]) + ", and must not be negative"
                                                     : std::string("not finite")) +
                          "; give a positive one, or 0 to leave the element out");
        }
        values_[c] = values_[c] > 0 ? 1 / values_[c] : 0.0;
      }
    } else {
      const auto r = static_cast<std::size_t>(row), count = static_cast<std::size_t>(start_.components);
      const Marginals& sums = start_.marginals;
      const double share = sums.total > 0 ? sums.row_sum[r] / sums.total : 0.0;
      std::fill(values_.begin(), values_.end(), 0.0);
      for (std::size_t k = 0; k < count; ++k) {
        const double loading = start_.loadings[r * count + k];
        const double* const factor = &start_.factors[k * values_.size()];
        for (std::size_t c = 0; c < values_.size(); ++c) values_[c] += loading * factor[c];
      }
      for (std::size_t c = 0; c < values_.size(); ++c) {
        const double mean = std::max(values_[c], least_share * share * sums.column_sum[c]);
        values_[c] = mean > 0 ? 1 / mean : 0.0;
      }
    }
    for (std::size_t c = 0; c < values_.size(); ++c) {
      if (data_.column_masked(static_cast<std::int64_t>(c))) values_[c] = 0;
    }
    return values_;
  }

 private:
  const Rows& data_;
  const PcaResult& start_;
  std::vector<double> values_;
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
  double before = std::numeric_limits<double>::infinity();
  while (!result.converged && result.iterations < params.iterations) {
    ++result.iterations;
    const auto gathered = executor.reduce<std::vector<double>>(
        "fitting loadings and factors", data.partitions(),
        [&] { return std::vector<double>(columns * per_channel + 2, 0.0); },
        [&](std::vector<double>& into, std::int64_t partition, RowRange range) {
          const auto block = data.block(partition);
          const auto variances = variance != nullptr ? variance->block(partition) : nullptr;
          Weights weights(data, start);
          NormalEquations equations(k);
          std::vector<double> values(columns), normal(triangle);
          for (std::int64_t row = range.begin; row < range.end; ++row) {
            double* const loading = &result.loadings[static_cast<std::size_t>(row) * k];
            double* const deviation = &result.loadings_sigma[static_cast<std::size_t>(row) * k];
            if (data.row_masked(row)) {
              std::fill(loading, loading + k, std::numeric_limits<double>::quiet_NaN());
              std::fill(deviation, deviation + k, std::numeric_limits<double>::quiet_NaN());
              continue;
            }
            copy_row(*block, row - range.begin, values);
            const std::vector<double>& weight = weights.of_row(variances.get(), range, row);
            std::fill(normal.begin(), normal.end(), 0.0);
            for (std::size_t p = 0, at = 0; p < k; ++p) {
              const double* const left = &result.factors[p * columns];
              double right = 0;
              for (std::size_t c = 0; c < columns; ++c) right += weight[c] * values[c] * left[c];
              loading[p] = right;
              for (std::size_t q = p; q < k; ++q) {
                const double* const other = &result.factors[q * columns];
                double sum = 0;
                for (std::size_t c = 0; c < columns; ++c) sum += weight[c] * left[c] * other[c];
                normal[at++] = sum;
              }
            }
            equations.solve(normal.data(), loading, deviation);
            for (std::size_t p = 0; p < k; ++p) deviation[p] = std::sqrt(deviation[p]);
            for (std::size_t c = 0; c < columns; ++c) {
              if (weight[c] == 0) continue;
              double residual = values[c];
              for (std::size_t p = 0; p < k; ++p) residual -= loading[p] * result.factors[p * columns + c];
              into[columns * per_channel] += weight[c] * residual * residual;
              into[columns * per_channel + 1] += 1;
              double* out = &into[c * per_channel];
              for (std::size_t p = 0; p < k; ++p) {
                const double weighted = weight[c] * loading[p];
                for (std::size_t q = p; q < k; ++q) *out++ += weighted * loading[q];
              }
              for (std::size_t p = 0; p < k; ++p) *out++ += weight[c] * values[c] * loading[p];
            }
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
  return pca_memory(data, principal) + 8 * (depth * channels * (k * (k + 3) / 2) + 4 * k * (positions + channels));
}

std::int64_t mlpca_memory_per_worker(const Description& data, const MlpcaParams& params) {
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const PcaParams principal = principal_params(params);
  const std::int64_t k = std::min({positions, channels, principal.components.value_or(principal.scree_length)});
  return std::max(pca_memory_per_worker(data), 8 * (2 * channels * (k * (k + 3) / 2) + 4 * channels + k * k));
}

}  // namespace ruska::ops::unmix
