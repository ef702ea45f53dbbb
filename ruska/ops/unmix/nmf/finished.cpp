// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"
#include "ruska/ops/unmix/nmf/poisson_pass.hpp"
#include "ruska/ops/unmix/nmf/solution.hpp"

namespace ruska::ops::unmix {
namespace {

/// Uncertainties of least squares: the residual variance times the inverse of the other side's Gram matrix.
void least_squares_sigma(const NmfProblem& problem, const NmfSolution& solution, NmfResult& result) {
  const Factorization& state = solution.state;
  const std::size_t count = state.components, width = kernels::padded_width(count);
  std::vector<double> of_spectra(count * count, 0.0), of_loadings(count * count, 0.0);
  for (std::size_t c = 0; c < state.channels; ++c) {
    for (std::size_t kl = 0; kl < count * count; ++kl) {
      of_spectra[kl] += state.table[c * width + kl / count] * state.table[c * width + kl % count];
    }
  }
  for (std::size_t p = 0; p < state.loadings.size() / count; ++p) {
    for (std::size_t kl = 0; kl < count * count; ++kl) {
      of_loadings[kl] += state.loadings[p * count + kl / count] * state.loadings[p * count + kl % count];
    }
  }
  const double rows = static_cast<double>(problem.matrix.used_rows());
  const double columns = static_cast<double>(problem.matrix.used_columns());
  const double freedom = std::max(1.0, rows * columns - static_cast<double>(count) * (rows + columns));
  const double variance = std::max(0.0, 2 * solution.descent.objective.back() / freedom);
  std::vector<double> loading_variance(count), spectrum_variance(count), scratch;
  const double unknown = std::numeric_limits<double>::infinity();
  if (!math::inverse_diagonal(of_spectra.data(), loading_variance.data(), count, scratch)) {
    std::fill(loading_variance.begin(), loading_variance.end(), unknown);
  }
  if (!math::inverse_diagonal(of_loadings.data(), spectrum_variance.data(), count, scratch)) {
    std::fill(spectrum_variance.begin(), spectrum_variance.end(), unknown);
  }
  const SolvedSpectra spectra = spectra_of(problem, state);
  for (std::size_t i = 0; i < result.loadings_sigma.size(); ++i) {
    const double weight = problem.matrix.row_weight[i / count];
    result.loadings_sigma[i] =
        weight > 0 ? std::sqrt(variance * loading_variance[i % count]) * spectra.sums[i % count] / weight : 0.0;
  }
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t c = 0; c < state.channels; ++c) {
      const double weight = problem.matrix.column_weight[c];
      result.factors_sigma[k * state.channels + c] =
          weight > 0 && spectra.sums[k] > 0 ? std::sqrt(variance * spectrum_variance[k]) / (weight * spectra.sums[k])
                                            : 0.0;
    }
  }
}

void reorder(std::vector<double>& values, const std::vector<std::size_t>& order, std::size_t block) {
  const std::vector<double> old = values;
  for (std::size_t k = 0; k < order.size(); ++k) {
    std::copy_n(old.begin() + static_cast<std::ptrdiff_t>(order[k] * block), block,
                values.begin() + static_cast<std::ptrdiff_t>(k * block));
  }
}

}  // namespace

NmfResult finished(const NmfProblem& problem, const NmfSolution& solution) {
  const Factorization& state = solution.state;
  const std::size_t count = state.components;
  NmfResult result;
  result.components = static_cast<std::int64_t>(count);
  result.objective = solution.descent.objective;
  result.converged = solution.descent.converged;
  result.counts = problem.sums.counts;
  SolvedSpectra spectra = spectra_of(problem, state);
  result.factors = std::move(spectra.values);
  result.loadings = state.loadings;
  result.loadings_sigma.assign(result.loadings.size(), 0.0);
  result.factors_sigma.assign(result.factors.size(), 0.0);
  if (problem.poisson_loss) {
    PoissonUncertainty sigma = poisson_uncertainty(problem.data, state, problem.context);
    result.loadings_sigma = std::move(sigma.loadings);
    const std::size_t width = kernels::padded_width(count);
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t c = 0; c < state.channels; ++c) {
        result.factors_sigma[k * state.channels + c] = sigma.spectra[c * width + k];
      }
    }
  } else {
    least_squares_sigma(problem, solution, result);
  }
  std::vector<double> total(count, 0.0);
  for (std::size_t p = 0; p < problem.sums.row_sum.size(); ++p) {
    const double weight = problem.matrix.row_weight[p];
    const bool masked = problem.data.row_masked(static_cast<std::int64_t>(p));
    for (std::size_t k = 0; k < count; ++k) {
      double& loading = result.loadings[p * count + k];
      loading = weight > 0 ? loading * spectra.sums[k] / weight : 0.0;
      total[k] += loading;
      if (masked) loading = result.loadings_sigma[p * count + k] = std::numeric_limits<double>::quiet_NaN();
    }
  }
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return total[a] > total[b]; });
  reorder(result.factors, order, state.channels);
  reorder(result.factors_sigma, order, state.channels);
  for (const std::size_t k : order) result.known.push_back(solution.known[k]);
  std::vector<double> row(count);
  for (auto* values : {&result.loadings, &result.loadings_sigma}) {
    for (std::size_t p = 0; p < problem.sums.row_sum.size(); ++p) {
      double* first = values->data() + p * count;
      for (std::size_t k = 0; k < count; ++k) row[k] = first[order[k]];
      std::copy(row.begin(), row.end(), first);
    }
  }
  return result;
}

}  // namespace ruska::ops::unmix
