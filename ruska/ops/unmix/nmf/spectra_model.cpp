// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/nmf/spectra_model.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/simplex_least_squares.hpp"
#include "ruska/ops/unmix/nmf/poisson_pass.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr double timid = 0.1;        // a Newton step leaves at least this part of a coefficient
constexpr int approach_steps = 300;  // of expectation maximisation towards given spectra
constexpr int sweeps = 30;           // over the coefficients of a quadratic model

/// Moves x ≥ 0 towards the minimum of ½ xᵀ A x − xᵀ b by exact steps along one coordinate at a time.
void coordinate_descent(const std::vector<double>& a, const std::vector<double>& b, std::vector<double>& x) {
  const std::size_t n = x.size();
  std::vector<double> slope = b;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) slope[i] -= a[i * n + j] * x[j];
  }
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    for (std::size_t i = 0; i < n; ++i) {
      const double curvature = a[i * n + i];
      if (!(curvature > 0)) continue;
      const double step = std::max(-x[i], slope[i] / curvature);
      if (step == 0) continue;
      x[i] += step;
      for (std::size_t j = 0; j < n; ++j) slope[j] -= a[i * n + j] * step;
    }
  }
}

}  // namespace

SpectraModel::SpectraModel(std::size_t channels, std::size_t components, std::vector<double> known,
                           std::vector<double> columns)
    : channels_(channels),
      components_(components),
      width_(kernels::padded_width(components)),
      known_count_(channels == 0 ? 0 : known.size() / channels),
      known_(std::move(known)),
      columns_(std::move(columns)) {}

std::vector<double> SpectraModel::spectra_of(const std::vector<double>& table) const {
  if (free()) return table;
  std::vector<double> spectra(channels_ * width_, 0.0);
  for (std::size_t g = 0; g < rows(); ++g) {
    const double* column = columns_.data() + g * channels_;
    for (std::size_t c = 0; c < channels_; ++c) {
      if (column[c] == 0) continue;
      for (std::size_t k = known_count_; k < components_; ++k) {
        spectra[c * width_ + k] += table[g * width_ + k] * column[c];
      }
    }
  }
  for (std::size_t k = 0; k < known_count_; ++k) {
    for (std::size_t c = 0; c < channels_; ++c) spectra[c * width_ + k] = known_[k * channels_ + c];
  }
  return spectra;
}

std::vector<double> SpectraModel::nearest(const std::vector<double>& spectra) const {
  std::vector<double> table(rows() * width_, 0.0);
  for (std::size_t k = 0; k < known_count_; ++k) {
    // What stands for a known spectrum among columns means nothing but must have unit sum.
    if (!free()) table[k] = 1;
    for (std::size_t c = 0; c < channels_ && free(); ++c) table[c * width_ + k] = known_[k * channels_ + c];
  }
  for (std::size_t k = known_count_; k < components_; ++k) {
    if (free()) {
      for (std::size_t c = 0; c < channels_; ++c) table[c * width_ + k] = spectra[c * width_ + k];
      continue;
    }
    std::vector<double> share(rows(), 1 / static_cast<double>(rows())), mean(channels_), gain(rows());
    for (int step = 0; step < approach_steps; ++step) {
      std::fill(mean.begin(), mean.end(), 0.0);
      for (std::size_t g = 0; g < rows(); ++g) {
        for (std::size_t c = 0; c < channels_; ++c) mean[c] += share[g] * columns_[g * channels_ + c];
      }
      double total = 0;
      for (std::size_t g = 0; g < rows(); ++g) {
        gain[g] = 0;
        for (std::size_t c = 0; c < channels_; ++c) {
          if (mean[c] > 0) gain[g] += spectra[c * width_ + k] * columns_[g * channels_ + c] / mean[c];
        }
        gain[g] *= share[g];
        total += gain[g];
      }
      for (std::size_t g = 0; g < rows() && total > 0; ++g) share[g] = gain[g] / total;
    }
    for (std::size_t g = 0; g < rows(); ++g) table[g * width_ + k] = share[g];
  }
  return table;
}

std::vector<double> SpectraModel::expectation_step(const std::vector<double>& table, const PoissonSums& sums) const {
  std::vector<double> result = table;
  for (std::size_t k = known_count_; k < components_; ++k) {
    double total = 0;
    for (std::size_t g = 0; g < rows(); ++g) {
      double gain = 0;
      if (free()) {
        gain = sums.gain[g * width_ + k];
      } else {
        for (std::size_t c = 0; c < channels_; ++c) gain += columns_[g * channels_ + c] * sums.gain[c * width_ + k];
      }
      result[g * width_ + k] *= gain;
      total += result[g * width_ + k];
    }
    for (std::size_t g = 0; g < rows(); ++g) {
      // A component that no row uses keeps its spectrum.
      double& one = result[g * width_ + k];
      one = total > 0 ? one / total : table[g * width_ + k];
    }
  }
  return result;
}

std::vector<double> SpectraModel::newton_step(const std::vector<double>& table, const PoissonSums& sums) const {
  std::vector<double> result = table;
  if (free()) {
    newton_of_channels(result, sums);
  } else {
    newton_of_columns(result, sums);
  }
  for (std::size_t k = known_count_; k < components_; ++k) {
    double total = 0;
    for (std::size_t g = 0; g < rows(); ++g) {
      double& one = result[g * width_ + k];
      one = std::max(one, timid * table[g * width_ + k]);
      total += one;
    }
    for (std::size_t g = 0; g < rows() && total > 0; ++g) result[g * width_ + k] /= total;
  }
  return result;
}

/// Every channel is a problem of its own.
void SpectraModel::newton_of_channels(std::vector<double>& result, const PoissonSums& sums) const {
  const PairTable pairs(components_);
  const std::size_t n = components_ - known_count_;
  std::vector<double> square(components_ * components_), hessian(n * n), right(n), next(n);
  for (std::size_t c = 0; c < channels_; ++c) {
    pairs.unpack(sums.information.data() + c * pairs.width, square.data());
    double* now = result.data() + c * width_ + known_count_;
    for (std::size_t k = 0; k < n; ++k) {
      const std::size_t from = (k + known_count_) * components_ + known_count_;
      right[k] = sums.gain[c * width_ + known_count_ + k] - sums.loadings[known_count_ + k];
      for (std::size_t l = 0; l < n; ++l) {
        hessian[k * n + l] = square[from + l];
        right[k] += hessian[k * n + l] * now[l];
      }
      next[k] = now[k];
    }
    coordinate_descent(hessian, right, next);
    std::copy(next.begin(), next.end(), now);
  }
}

void SpectraModel::newton_of_columns(std::vector<double>& result, const PoissonSums& sums) const {
  const PairTable pairs(components_);
  const std::size_t free_count = components_ - known_count_, g_count = rows(), n = free_count * g_count;
  std::vector<double> hessian(n * n, 0.0), right(n, 0.0), next(n), square(components_ * components_);
  for (std::size_t c = 0; c < channels_; ++c) {
    pairs.unpack(sums.information.data() + c * pairs.width, square.data());
    for (std::size_t g = 0; g < g_count; ++g) {
      const double column = columns_[g * channels_ + c];
      if (column == 0) continue;
      for (std::size_t k = 0; k < free_count; ++k) {
        const std::size_t i = k * g_count + g, component = k + known_count_;
        right[i] += column * (sums.gain[c * width_ + component] - sums.loadings[component]);
        for (std::size_t l = 0; l < free_count; ++l) {
          const double scale = column * square[component * components_ + l + known_count_];
          if (scale == 0) continue;
          double* row = hessian.data() + i * n + l * g_count;
          for (std::size_t h = 0; h < g_count; ++h) row[h] += scale * columns_[h * channels_ + c];
        }
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) next[i] = result[i % g_count * width_ + i / g_count + known_count_];
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) right[i] += hessian[i * n + j] * next[j];
  }
  coordinate_descent(hessian, right, next);
  for (std::size_t i = 0; i < n; ++i) result[i % g_count * width_ + i / g_count + known_count_] = next[i];
}

std::vector<double> SpectraModel::least_squares_step(const std::vector<double>& table, const double* products,
                                                     const double* gram,
                                                     const std::vector<double>& squared_weight) const {
  std::vector<double> result = table, spectra = spectra_of(table);
  const std::size_t g_count = rows();
  std::vector<double> of_columns;  // D-weighted products of the columns
  if (!free()) {
    of_columns.assign(g_count * g_count, 0.0);
    for (std::size_t g = 0; g < g_count; ++g) {
      for (std::size_t h = 0; h < g_count; ++h) {
        for (std::size_t c = 0; c < channels_; ++c) {
          of_columns[g * g_count + h] += columns_[g * channels_ + c] * columns_[h * channels_ + c] * squared_weight[c];
        }
      }
    }
  }
  std::vector<double> residual(channels_), right(g_count), next(g_count);
  for (std::size_t k = known_count_; k < components_; ++k) {
    const double own = gram[k * components_ + k];
    if (!(own > 0)) continue;  // no row uses it
    for (std::size_t c = 0; c < channels_; ++c) {
      double others = 0;
      for (std::size_t l = 0; l < components_; ++l) {
        if (l != k) others += gram[k * components_ + l] * spectra[c * width_ + l];
      }
      residual[c] = (products[c * width_ + k] - others * squared_weight[c]) / own;
    }
    if (free()) {
      // min Σ ½ d h² − r h over h ≥ 0, Σ h = 1: h = max(0, (r − μ)/d), whose sum falls with μ.
      double low = 0, high = 0;
      for (std::size_t c = 0; c < channels_; ++c) {
        if (!(squared_weight[c] > 0)) continue;
        low = std::min(low, residual[c] - squared_weight[c]);
        high = std::max(high, residual[c]);
      }
      const auto sum_at = [&](double multiplier) {
        double sum = 0;
        for (std::size_t c = 0; c < channels_; ++c) {
          if (squared_weight[c] > 0) sum += std::max(0.0, (residual[c] - multiplier) / squared_weight[c]);
        }
        return sum;
      };
      for (int halving = 0; halving < 100; ++halving) {
        const double middle = 0.5 * (low + high);
        (sum_at(middle) > 1 ? low : high) = middle;
      }
      const double sum = sum_at(high);
      if (!(sum > 0)) continue;
      for (std::size_t c = 0; c < channels_; ++c) {
        const double value = squared_weight[c] > 0 ? std::max(0.0, (residual[c] - high) / squared_weight[c]) : 0.0;
        result[c * width_ + k] = spectra[c * width_ + k] = value / sum;
      }
      continue;
    }
    for (std::size_t g = 0; g < g_count; ++g) {
      right[g] = 0;
      for (std::size_t c = 0; c < channels_; ++c) right[g] += columns_[g * channels_ + c] * residual[c];
    }
    math::SimplexLeastSquares(of_columns, g_count).solve(right.data(), next.data());
    for (std::size_t c = 0; c < channels_; ++c) spectra[c * width_ + k] = 0;
    for (std::size_t g = 0; g < g_count; ++g) {
      result[g * width_ + k] = next[g];
      for (std::size_t c = 0; c < channels_; ++c) spectra[c * width_ + k] += next[g] * columns_[g * channels_ + c];
    }
  }
  return result;
}

}  // namespace ruska::ops::unmix
