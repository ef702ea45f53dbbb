// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Non-negative factors X ≈ W H of a positions × channels matrix, by Poisson maximum likelihood (poisson_pass.cpp) or by
// weighted least squares (least_squares_pass.cpp), both as accelerated alternations (alternation.cpp).
//
// The minimum is not unique: from random spectra both losses reach objectives as low as or lower than those of the true
// spectra, with wrong maps. The start therefore decides, and the default one is a search for the purest positions
// (pure_pixels.cpp). Further starts search random halves of the positions; they say how far the answer depends on
// which positions were measured, and never replace it.
#include "ruska/ops/unmix/nmf/nmf.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ruska/base/random.hpp"
#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"
#include "ruska/ops/unmix/nmf/alternation.hpp"
#include "ruska/ops/unmix/nmf/least_squares_pass.hpp"
#include "ruska/ops/unmix/nmf/poisson_pass.hpp"
#include "ruska/ops/unmix/nmf/poisson_row_solver.hpp"
#include "ruska/ops/unmix/pure_pixels.hpp"
#include "ruska/ops/unmix/row_values.hpp"
#include "ruska/ops/unmix/matched_spectra.hpp"

namespace ruska::ops::unmix {
namespace {

/// Channels in which a start's spectrum is zero could never become positive by multiplicative steps: every spectrum
/// starts with at least this share of the mean spectrum.
constexpr double least_share = 1e-3;

struct Problem {
  const Rows& data;
  const NmfParams& params;
  const Marginals& sums;
  Context& context;
  bool poisson_loss = true;
  WeightedMatrix matrix;            ///< of the least squares; unit weights for the Poisson loss
  double total_sum_of_squares = 0;  ///< of the least squares
};

std::size_t channels_of(const Problem& problem) { return static_cast<std::size_t>(problem.data.columns()); }

Problem make_problem(const Rows& data, const NmfParams& params, const Marginals& sums, Context& context) {
  require_not_negative(data, sums, "non-negative factorisation");
  Problem problem{data, params, sums, context, params.loss == "poisson", {data, {}, {}}, 0};
  if (!problem.poisson_loss && weights_for_poisson(params.weighting, data, sums)) {
    problem.matrix.row_weight = poisson_weights(sums.row_sum);
    problem.matrix.column_weight = poisson_weights(sums.column_sum);
  } else {
    problem.matrix.row_weight.assign(sums.row_sum.size(), 1.0);
    problem.matrix.column_weight.assign(sums.column_sum.size(), 1.0);
  }
  if (!problem.poisson_loss) problem.total_sum_of_squares = sum_of_squares(problem.matrix, context);
  return problem;
}

/// Spectra (components × channels, data units) as the first point of the alternation.
Factorization start_from(const Problem& problem, std::span<const double> spectra, std::size_t components) {
  Factorization state;
  state.components = components;
  state.channels = channels_of(problem);
  const std::size_t width = kernels::padded_width(components);
  state.table.assign(state.channels * width, 0.0);
  for (std::size_t k = 0; k < components; ++k) {
    const std::span<const double> spectrum = spectra.subspan(k * state.channels, state.channels);
    const double sum = std::accumulate(spectrum.begin(), spectrum.end(), 0.0);
    for (std::size_t c = 0; c < state.channels; ++c) {
      const double mean_share = problem.sums.total > 0 ? problem.sums.column_sum[c] / problem.sums.total : 0.0;
      const double share = sum > 0 ? spectrum[c] / sum : mean_share;
      // Where the data are empty a spectrum can only cost.
      const double value = mean_share > 0 ? std::max(share, least_share * mean_share) : 0.0;
      state.table[c * width + k] = value * problem.matrix.column_weight[c];
    }
  }
  scale_to_unit_sums(state.table, components);
  state.loadings.resize(problem.sums.row_sum.size() * components);
  for (std::size_t i = 0; i < state.loadings.size(); ++i) {
    state.loadings[i] = problem.sums.row_sum[i / components] / static_cast<double>(components);
  }
  return state;
}

std::vector<double> random_spectra(const Problem& problem, std::int64_t components, std::int64_t start) {
  std::vector<double> spectra(static_cast<std::size_t>(components) * channels_of(problem));
  const std::string stream = "random_spectra." + std::to_string(start);
  for (std::size_t i = 0; i < spectra.size(); ++i) {
    spectra[i] = Random(static_cast<std::uint64_t>(problem.params.seed), stream, i).uniform() *
                 problem.sums.column_sum[i % channels_of(problem)];
  }
  return spectra;
}

struct Solution {
  Factorization state;
  Descent descent;
};

Solution solve_from(const Problem& problem, std::span<const double> spectra, std::int64_t components) {
  const auto count = static_cast<std::size_t>(components);
  Solution solution;
  solution.state = start_from(problem, spectra, count);
  const Pass pass = problem.poisson_loss
                        ? poisson_pass(problem.data, count, problem.context)
                        : least_squares_pass(problem.matrix, problem.total_sum_of_squares, count, problem.context);
  solution.descent = descend(solution.state, pass, problem.params.tolerance, problem.params.max_iterations);
  Executor(problem.context).gather(problem.data.partitions(), components, std::span(solution.state.loadings));
  return solution;
}

/// Spectra of a table in data units and unit sums, and the factor by which the loadings grow.
struct Spectra {
  std::vector<double> values;  ///< components × channels
  std::vector<double> sums;    ///< before scaling
};
Spectra spectra_of(const Problem& problem, const Factorization& state) {
  const std::size_t width = kernels::padded_width(state.components);
  Spectra spectra{std::vector<double>(state.components * state.channels, 0.0),
                  std::vector<double>(state.components, 0.0)};
  for (std::size_t k = 0; k < state.components; ++k) {
    double* spectrum = spectra.values.data() + k * state.channels;
    for (std::size_t c = 0; c < state.channels; ++c) {
      const double weight = problem.matrix.column_weight[c];
      spectrum[c] = weight > 0 ? state.table[c * width + k] / weight : 0.0;
      spectra.sums[k] += spectrum[c];
    }
    for (std::size_t c = 0; spectra.sums[k] > 0 && c < state.channels; ++c) spectrum[c] /= spectra.sums[k];
  }
  return spectra;
}

/// Uncertainties of least squares: the residual variance times the inverse of the other side's Gram matrix.
void least_squares_sigma(const Problem& problem, const Solution& solution, NmfResult& result) {
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
  const Spectra spectra = spectra_of(problem, state);
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

/// The solution in data units, its components in order of falling total, with uncertainties.
NmfResult finish(const Problem& problem, const Solution& solution) {
  const Factorization& state = solution.state;
  const std::size_t count = state.components;
  NmfResult result;
  result.components = static_cast<std::int64_t>(count);
  result.objective = solution.descent.objective;
  result.converged = solution.descent.converged;
  result.counts = problem.sums.counts;
  Spectra spectra = spectra_of(problem, state);
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

NmfResult run_starts(const Problem& problem, std::int64_t components,
                     const std::function<std::vector<double>(std::int64_t)>& spectra_of_start, bool first_wins) {
  std::vector<Solution> solutions;
  for (std::int64_t start = 0; start < problem.params.starts; ++start) {
    Solution solution = solve_from(problem, spectra_of_start(start), components);
    if (start > 0 && !first_wins && solution.descent.objective.back() < solutions[0].descent.objective.back()) {
      std::swap(solution, solutions[0]);
    }
    // Only the spectra of the others are compared.
    if (start > 0) solution.state.loadings = {};
    solutions.push_back(std::move(solution));
  }
  NmfResult result = finish(problem, solutions[0]);
  if (solutions.size() > 1) {
    result.stability.assign(static_cast<std::size_t>(components), 0.0);
    for (std::size_t s = 1; s < solutions.size(); ++s) {
      const std::vector<double> angles = matched_spectra(result.factors, spectra_of(problem, solutions[s].state).values,
                                                         static_cast<std::size_t>(components), channels_of(problem))
                                             .angle;
      for (std::size_t k = 0; k < angles.size(); ++k) {
        result.stability[k] += angles[k] / static_cast<double>(solutions.size() - 1);
      }
    }
  }
  if (!result.converged) {
    problem.context.not_converged(
        "the factorisation stopped after max_iterations = " + std::to_string(problem.params.max_iterations) +
        " passes, before it fell by less than " + "tolerance per pass; allow more or a larger tolerance");
  }
  return result;
}

}  // namespace

NmfResult nmf(const Rows& data, const NmfParams& params, Context& context) {
  // The principal components choose the number and denoise the search for pure positions.
  PcaParams pca_params;
  pca_params.components = params.components;
  pca_params.weighting = params.weighting;
  pca_params.seed = params.seed;
  const bool needs_components = !params.components || params.initialization == "pure_pixel";
  PcaResult denoised;
  if (needs_components) {
    denoised = pca(data, pca_params, context);
  } else {
    denoised.marginals = marginals(data, context);
    const Marginals& sums = denoised.marginals;
    const std::int64_t limit = std::min(sums.rows_left_in, sums.columns_left_in);
    if (*params.components > limit) {
      throw Error(ErrorKind::invalid_argument, "components is " + std::to_string(*params.components) +
                                                   "; the positions and channels left in allow at most " +
                                                   std::to_string(limit));
    }
  }
  const Problem problem = make_problem(data, params, denoised.marginals, context);
  const std::int64_t components = params.components.value_or(denoised.components);
  const Shape navigation = data.data().describe().navigation_shape();
  const bool search = params.initialization == "pure_pixel" && problem.sums.total > 0;
  NmfResult result = run_starts(
      problem, components,
      [&](std::int64_t start) {
        if (!search) return random_spectra(problem, components, start);
        return pure_pixels(denoised, navigation, {.components = components, .seed = params.seed, .start = start})
            .spectra;
      },
      search);
  result.reason = params.components ? "given" : denoised.reason;
  return result;
}

NmfResult nmf_from(const Rows& data, std::span<const double> spectra, const NmfParams& params, Context& context) {
  const auto channels = static_cast<std::size_t>(data.columns());
  if (channels == 0 || spectra.empty() || spectra.size() % channels != 0) {
    throw Error(ErrorKind::invalid_argument, "the start has " + std::to_string(spectra.size()) +
                                                 " values, not a multiple of the " + std::to_string(channels) +
                                                 " channels");
  }
  const Marginals sums = marginals(data, context);
  const Problem problem = make_problem(data, params, sums, context);
  NmfParams once = params;
  once.starts = 1;
  const Problem single{data, once, sums, context, problem.poisson_loss, problem.matrix, problem.total_sum_of_squares};
  NmfResult result = run_starts(
      single, static_cast<std::int64_t>(spectra.size() / channels),
      [&](std::int64_t) { return std::vector<double>(spectra.begin(), spectra.end()); }, true);
  result.reason = "given";
  return result;
}

Abundances abundances(const Rows& data, std::span<const double> spectra, std::int64_t components, Context& context) {
  const auto channels = static_cast<std::size_t>(data.columns());
  const auto count = static_cast<std::size_t>(components);
  if (components < 1 || spectra.size() != count * channels) {
    throw Error(ErrorKind::invalid_argument, std::to_string(spectra.size()) + " values are not " +
                                                 std::to_string(components) + " spectra of " +
                                                 std::to_string(channels) + " channels");
  }
  const std::size_t width = kernels::padded_width(count);
  std::vector<double> table(channels * width, 0.0);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t c = 0; c < channels; ++c) {
      if (!data.column_masked(static_cast<std::int64_t>(c))) table[c * width + k] = spectra[k * channels + c];
    }
  }
  Abundances result;
  result.loadings.assign(static_cast<std::size_t>(data.rows()) * count, 0.0);
  result.loadings_sigma = result.loadings;
  Executor executor(context);
  result.divergence = executor.reduce<std::vector<double>>(
      "fitting abundances", data.partitions(), [] { return std::vector<double>(1, 0.0); },
      [&](std::vector<double>& divergence, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        RowValues values(*block, data.columns());
        PoissonRowSolver solver(table, count);
        for (std::int64_t row = range.begin; row < range.end; ++row) {
          double* w = result.loadings.data() + static_cast<std::size_t>(row) * count;
          double* sigma = result.loadings_sigma.data() + static_cast<std::size_t>(row) * count;
          values.go_to(row - range.begin);
          solver.load(values.channel(), values.value());
          std::fill(w, w + count, solver.sum() / static_cast<double>(count));
          solver.solve(w, 100, 1e-12);
          divergence[0] += solver.divergence(w);
          solver.sigma(w, sigma);
          if (!data.row_masked(row)) continue;
          std::fill(w, w + count, std::numeric_limits<double>::quiet_NaN());
          std::fill(sigma, sigma + count, std::numeric_limits<double>::quiet_NaN());
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) { left[0] += right[0]; })[0];
  executor.gather(data.partitions(), components, std::span(result.loadings));
  executor.gather(data.partitions(), components, std::span(result.loadings_sigma));
  return result;
}

std::int64_t nmf_memory(const Description& data, const NmfParams& params) {
  PcaParams pca_params;
  pca_params.components = params.components;
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t components = params.components.value_or(std::min({positions, channels, pca_params.scree_length}));
  // Loadings of the principal components, of two points of the descent, of the result and its uncertainty; spectra of
  // these, of the last passes and of the starts; one partial table on each of the tree's five levels.
  const std::int64_t tables = channels * components * (25 + params.starts + components);
  return pca_memory(data, pca_params) + 8 * (6 * positions * components + tables);
}

std::int64_t nmf_memory_per_worker(const Description& data, const NmfParams& params) {
  PcaParams pca_params;
  const std::int64_t components =
      params.components.value_or(std::min({data.navigation_size(), data.signal_size(), pca_params.scree_length}));
  return std::max(pca_memory_per_worker(data), 8 * data.signal_size() * (components + 3) * (components + 4));
}

}  // namespace ruska::ops::unmix
