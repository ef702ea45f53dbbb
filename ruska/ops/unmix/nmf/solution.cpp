// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/nmf/solution.hpp"

#include <algorithm>
#include <numeric>

#include "ruska/base/random.hpp"
#include "ruska/kernels/channel_table.hpp"
#include "ruska/ops/unmix/nmf/constrained_pass.hpp"
#include "ruska/ops/unmix/nmf/least_squares_pass.hpp"
#include "ruska/ops/unmix/nmf/poisson_pass.hpp"

namespace ruska::ops::unmix {
namespace {

/// Channels in which a start's spectrum is zero could never become positive by multiplicative steps: every spectrum
/// starts with at least this share of the mean spectrum.
constexpr double least_share = 1e-3;

/// Positions to which starts are fitted where there are at least so many times more.
constexpr std::int64_t sample_size = 32768, least_parts = 4;

/// With automatic relevance, a component with less than this part of the whole signal is none.
constexpr double least_relevant = 2e-3;

/// Spectra (components × channels, data units) as the first point of the alternation.
Factorization start_from(const NmfProblem& problem, std::span<const double> spectra, std::size_t components,
                         std::span<const std::int64_t> chosen, bool weighted) {
  Factorization state;
  state.components = components;
  state.channels = problem.channels();
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
      state.table[c * width + k] = weighted ? value * problem.matrix.column_weight[c] : value;
    }
  }
  scale_to_unit_sums(state.table, components);
  const std::vector<double>& row_sum = problem.sums.row_sum;
  state.loadings.resize((chosen.empty() ? row_sum.size() : chosen.size()) * components);
  for (std::size_t i = 0; i < state.loadings.size(); ++i) {
    const std::size_t place = i / components;
    const double sum = row_sum[chosen.empty() ? place : static_cast<std::size_t>(chosen[place])];
    state.loadings[i] = sum / static_cast<double>(components);
  }
  return state;
}

/// Takes the components out that hold next to nothing; their signal goes to the others in proportion.
void drop_irrelevant(NmfSolution& solution) {
  Factorization& state = solution.state;
  const std::size_t old_count = state.components, old_width = kernels::padded_width(old_count);
  std::vector<double> total(old_count, 0.0);
  double all = 0;
  for (std::size_t i = 0; i < state.loadings.size(); ++i) total[i % old_count] += state.loadings[i];
  for (const double one : total) all += one;
  std::vector<std::size_t> kept;
  for (std::size_t k = 0; k < old_count; ++k) {
    if (solution.known[k] != 0 || total[k] > least_relevant * all) kept.push_back(k);
  }
  if (kept.empty()) kept.push_back(0);
  const std::size_t count = kept.size(), width = kernels::padded_width(count);
  std::vector<double> table(state.channels * width, 0.0), loadings(state.loadings.size() / old_count * count);
  std::vector<std::uint8_t> known;
  for (std::size_t k = 0; k < count; ++k) {
    known.push_back(solution.known[kept[k]]);
    for (std::size_t c = 0; c < state.channels; ++c) table[c * width + k] = state.table[c * old_width + kept[k]];
  }
  for (std::size_t p = 0; p < loadings.size() / count; ++p) {
    double before = 0, after = 0;
    for (std::size_t k = 0; k < old_count; ++k) before += state.loadings[p * old_count + k];
    for (const std::size_t k : kept) after += state.loadings[p * old_count + k];
    for (std::size_t k = 0; k < count; ++k) {
      const double share = after > 0 ? state.loadings[p * old_count + kept[k]] / after : 1 / static_cast<double>(count);
      loadings[p * count + k] = before * share;
    }
  }
  state.components = count;
  state.table = std::move(table);
  state.loadings = std::move(loadings);
  solution.known = std::move(known);
}

/// What each rank found for its own positions, on all ranks.
void gather_loadings(const NmfProblem& problem, Factorization& state) {
  Executor(problem.context)
      .gather(problem.data.partitions(), static_cast<std::int64_t>(state.components), std::span(state.loadings));
}

NmfSolution solve_constrained(const NmfProblem& problem, std::span<const double> spectra, std::size_t count,
                              bool automatic_relevance, std::span<const std::int64_t> chosen) {
  const NmfParams& params = problem.params;
  const std::size_t width = kernels::padded_width(count);
  NmfSolution solution;
  solution.known.assign(count, 0);
  std::fill_n(solution.known.begin(), problem.known_count(), std::uint8_t{1});
  Factorization& state = solution.state;
  state = start_from(problem, spectra, count, chosen, false);
  const SpectraModel model(problem.channels(), count, problem.known, problem.columns);
  state.table = model.nearest(state.table);

  const auto relevance = static_cast<double>(problem.sums.rows_left_in + problem.sums.columns_left_in) / 2;
  MapPenalty penalty({.smoothness = params.smoothness,
                      .total_variation = params.smoothing == "total_variation",
                      .sparsity = problem.sparsity,
                      .logarithmic = params.sparsity_penalty == "logarithm",
                      .relevance = automatic_relevance ? relevance : 0.0},
                     PositionGrid(problem.data.data().describe().navigation_shape()), problem.sums.row_sum, count);
  Pass pass;
  if (problem.poisson_loss) {
    pass = constrained_poisson_pass(problem.data, problem.sums.row_sum, model, penalty, chosen, problem.context);
  } else {
    for (std::size_t i = 0; i < state.loadings.size(); ++i) state.loadings[i] *= problem.matrix.row_weight[i / count];
    pass = constrained_squares_pass(problem.matrix, problem.total_sum_of_squares, problem.noise, params.sum_to_one,
                                    problem.sums.row_sum, model, penalty, problem.context);
  }
  solution.descent = descend(state, pass, params.tolerance, params.max_iterations);
  state.table = model.spectra_of(state.table);
  if (chosen.empty()) gather_loadings(problem, state);
  for (std::size_t i = 0; i < state.table.size() && !problem.poisson_loss; ++i) {
    state.table[i] *= problem.matrix.column_weight[i / width];
  }
  if (automatic_relevance) drop_irrelevant(solution);
  return solution;
}

}  // namespace

bool NmfProblem::constrained() const {
  return !known.empty() || !columns.empty() || params.sum_to_one || params.smoothness > 0 || sparsity > 0 ||
         params.automatic_relevance;
}

std::vector<std::int64_t> choose_sample(const NmfProblem& problem) {
  const bool coupled = problem.params.smoothness > 0 || problem.params.automatic_relevance;
  if (!problem.poisson_loss || coupled) return {};
  const std::vector<double>& row_sum = problem.sums.row_sum;
  const auto filled = std::ranges::count_if(row_sum, [](double sum) { return sum > 0; });
  if (filled < least_parts * sample_size) return {};
  const double part = static_cast<double>(sample_size) / static_cast<double>(filled);
  std::vector<std::int64_t> sample;
  for (std::size_t p = 0; p < row_sum.size(); ++p) {
    if (!(row_sum[p] > 0)) continue;
    if (Random(static_cast<std::uint64_t>(problem.params.seed), "sample of positions", p).uniform() < part) {
      sample.push_back(static_cast<std::int64_t>(p));
    }
  }
  return sample;
}

std::int64_t sample_memory(std::int64_t positions, std::int64_t components) {
  if (positions < least_parts * sample_size) return 0;
  // Twice the number that is expected; two points of the descent.
  return 2 * sample_size * (2 + 2 * components) * static_cast<std::int64_t>(sizeof(double));
}

NmfProblem make_nmf_problem(const Rows& data, const NmfParams& params, const Marginals& sums, Context& context) {
  require_not_negative(data, sums, "non-negative factorisation");
  NmfProblem problem{data, params, sums, context, params.loss == "poisson", {data, {}, {}}};
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

NmfSolution solve_nmf(const NmfProblem& problem, std::span<const double> spectra, std::int64_t components,
                      bool automatic_relevance, std::span<const std::int64_t> chosen) {
  const auto count = static_cast<std::size_t>(components);
  if (problem.constrained()) return solve_constrained(problem, spectra, count, automatic_relevance, chosen);
  NmfSolution solution;
  solution.known.assign(count, 0);
  solution.state = start_from(problem, spectra, count, chosen, true);
  const Pass pass = problem.poisson_loss
                        ? poisson_pass(problem.data, count, chosen, problem.context)
                        : least_squares_pass(problem.matrix, problem.total_sum_of_squares, count, problem.context);
  solution.descent = descend(solution.state, pass, problem.params.tolerance, problem.params.max_iterations);
  if (chosen.empty()) gather_loadings(problem, solution.state);
  return solution;
}

SolvedSpectra spectra_of(const NmfProblem& problem, const Factorization& state) {
  const std::size_t width = kernels::padded_width(state.components);
  SolvedSpectra spectra{std::vector<double>(state.components * state.channels, 0.0),
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

}  // namespace ruska::ops::unmix
