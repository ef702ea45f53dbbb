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
#include "ruska/ops/unmix/matched_spectra.hpp"
#include "ruska/ops/unmix/nmf/line_columns.hpp"
#include "ruska/ops/unmix/nmf/poisson_row_solver.hpp"
#include "ruska/ops/unmix/nmf/solution.hpp"
#include "ruska/ops/unmix/poisson_replicate.hpp"
#include "ruska/ops/unmix/pure_pixels.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

/// How many components automatic relevance starts with beyond those that stand above the noise.
constexpr std::int64_t spare_components = 3;
/// Columns of lines and background that the memory plan allows for.
constexpr std::int64_t most_columns = 100;

std::vector<double> random_spectra(const NmfProblem& problem, std::int64_t components, std::int64_t start) {
  std::vector<double> spectra(static_cast<std::size_t>(components) * problem.channels());
  const std::string stream = "random_spectra." + std::to_string(start);
  for (std::size_t i = 0; i < spectra.size(); ++i) {
    spectra[i] = Random(static_cast<std::uint64_t>(problem.params.seed), stream, i).uniform() *
                 problem.sums.column_sum[i % problem.channels()];
  }
  return spectra;
}

/// `spectra_of_start(start, components)` gives where a start begins.
NmfResult run_starts(const NmfProblem& problem, std::int64_t components,
                     const std::function<std::vector<double>(std::int64_t, std::int64_t)>& spectra_of_start,
                     bool first_wins) {
  std::vector<NmfSolution> solutions;
  for (std::int64_t start = 0; start < problem.params.starts; ++start) {
    const bool chooses = problem.params.automatic_relevance && start == 0;
    NmfSolution solution = solve_nmf(problem, spectra_of_start(start, components), components, chooses, problem.sample);
    // The other starts look for as many components as the first found relevant.
    if (chooses) components = static_cast<std::int64_t>(solution.state.components);
    if (start > 0 && !first_wins && solution.descent.objective.back() < solutions[0].descent.objective.back()) {
      std::swap(solution, solutions[0]);
    }
    // Only the spectra of the others are compared.
    if (start > 0) solution.state.loadings = {};
    solutions.push_back(std::move(solution));
  }
  std::vector<std::vector<double>> found;
  for (const NmfSolution& solution : solutions) found.push_back(spectra_of(problem, solution.state).values);
  if (!problem.sample.empty()) solutions[0] = solve_nmf(problem, found[0], components, false);
  NmfResult result = finished(problem, solutions[0]);
  if (solutions.size() > 1) {
    const auto count = static_cast<std::size_t>(components);
    // Starts are compared by what they found in the same positions; the result's order is that of all positions.
    const std::vector<std::size_t> of_result =
        matched_spectra(result.factors, found[0], count, problem.channels()).partner;
    result.stability.assign(count, 0.0);
    for (std::size_t s = 1; s < solutions.size(); ++s) {
      const std::vector<double> angles = matched_spectra(found[0], found[s], count, problem.channels()).angle;
      for (std::size_t k = 0; k < angles.size(); ++k) {
        result.stability[k] += angles[of_result[k]] / static_cast<double>(solutions.size() - 1);
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

/// The known spectra first, then those of a search that are not like them.
std::vector<double> beside_known(const std::vector<double>& known, std::vector<double> found, std::size_t components,
                                 std::size_t channels) {
  if (known.empty()) return found;
  std::vector<double> padded = known;
  padded.resize(found.size(), 0.0);
  const MatchedSpectra matched = matched_spectra(found, padded, components, channels);
  std::vector<double> result = known;
  for (std::size_t k = 0; k < components; ++k) {
    if (matched.partner[k] * channels < known.size()) continue;
    const auto first = found.begin() + static_cast<std::ptrdiff_t>(k * channels);
    result.insert(result.end(), first, first + static_cast<std::ptrdiff_t>(channels));
  }
  return result;
}

/// Known spectra scaled to unit sum over the channels in use.
std::vector<double> unit_sums(const Rows& data, std::span<const double> known) {
  const auto channels = static_cast<std::size_t>(data.columns());
  std::vector<double> result(known.begin(), known.end());
  for (std::size_t k = 0; k < result.size() / std::max<std::size_t>(1, channels); ++k) {
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      double& value = result[k * channels + c];
      if (data.column_masked(static_cast<std::int64_t>(c))) value = 0;
      if (!(value >= 0) || !std::isfinite(value)) {
        throw Error(ErrorKind::invalid_argument, "known spectrum " + std::to_string(k + 1) + " is " +
                                                     std::to_string(value) + " in channel " + std::to_string(c) +
                                                     "; known spectra must be finite and at least 0");
      }
      sum += value;
    }
    if (!(sum > 0)) {
      throw Error(ErrorKind::invalid_argument,
                  "known spectrum " + std::to_string(k + 1) + " is empty over the channels in use; leave it out");
    }
    for (std::size_t c = 0; c < channels; ++c) result[k * channels + c] /= sum;
  }
  return result;
}

/// The spread of what repeated measurements of the fit give, about the fit itself, so that bias counts, too.
void repeat_measurement(const NmfProblem& problem, const Masks& masks, NmfResult& result) {
  const auto count = static_cast<std::size_t>(result.components);
  const std::size_t channels = problem.channels();
  result.factors_spread.assign(result.factors.size(), 0.0);
  result.loadings_spread.assign(result.loadings.size(), 0.0);
  // Known spectra come first in a problem.
  std::vector<double> start;
  for (const std::uint8_t known : {1, 0}) {
    for (std::size_t k = 0; k < count; ++k) {
      const auto first = result.factors.begin() + static_cast<std::ptrdiff_t>(k * channels);
      if (result.known[k] == known) start.insert(start.end(), first, first + static_cast<std::ptrdiff_t>(channels));
    }
  }
  const auto repetitions = static_cast<double>(problem.params.bootstrap);
  for (std::int64_t replicate = 0; replicate < problem.params.bootstrap; ++replicate) {
    const Dataset drawn =
        poisson_replicate(problem.data.data().describe(), result.factors, result.loadings,
                          static_cast<std::uint64_t>(problem.params.seed), static_cast<std::uint64_t>(replicate));
    // Nothing of it is kept between passes: the memory is the data's.
    const std::int64_t blocks = problem.context.threads * Rows::bytes_per_worker(drawn.describe());
    const Rows rows(drawn, problem.context, masks, problem.context.memory - blocks);
    const Marginals sums = marginals(rows, problem.context);
    NmfProblem again = make_nmf_problem(rows, problem.params, sums, problem.context);
    again.known = problem.known;
    again.columns = problem.columns;
    again.noise = problem.noise;
    again.sparsity = problem.sparsity;
    const NmfResult other = finished(again, solve_nmf(again, start, result.components, false));
    const MatchedSpectra matched = matched_spectra(result.factors, other.factors, count, channels);
    for (std::size_t i = 0; i < result.factors.size(); ++i) {
      const double d = other.factors[matched.partner[i / channels] * channels + i % channels] - result.factors[i];
      result.factors_spread[i] += d * d / repetitions;
    }
    for (std::size_t i = 0; i < result.loadings.size(); ++i) {
      const double d = other.loadings[i / count * count + matched.partner[i % count]] - result.loadings[i];
      result.loadings_spread[i] += d * d / repetitions;
    }
  }
  for (double& one : result.factors_spread) one = std::sqrt(one);
  for (double& one : result.loadings_spread) one = std::sqrt(one);
}

/// Jeffreys' prior of the shares of a multinomial, Π a^(−½), as a cost in nats.
constexpr double jeffreys_sparsity = 0.5;

/// The weight of sparsity in force. The automatic one is a prior of shares that sum to one. Nats mean something for
/// counts alone, and what it makes up for, that likelihood widens the simplex of spectra, needs a spectrum to choose.
double sparsity_in_force(const NmfProblem& problem, std::int64_t components) {
  const bool spectrum_to_choose = static_cast<std::size_t>(components) > problem.known_count();
  const bool shares = problem.poisson_loss || problem.params.sum_to_one;
  // Relevance compares components by what they hold; pure shares would earn a place for any of them.
  const bool automatic =
      problem.sums.counts && shares && spectrum_to_choose && components > 1 && !problem.params.automatic_relevance;
  return problem.params.sparsity.value_or(automatic ? jeffreys_sparsity : 0.0);
}

void check_penalty(const NmfProblem& problem) {
  const bool shares = problem.poisson_loss || problem.params.sum_to_one;
  if (problem.sparsity > 0 && problem.params.sparsity_penalty == "l1" && shares) {
    throw Error(
        ErrorKind::invalid_argument,
        "sparsity_penalty is 'l1', but the sum of shares that sum to one is the same for all maps; use 'logarithm', "
        "or loss 'frobenius' without sum_to_one");
  }
}

/// Principal components as far as this factorisation needs them; the marginals always.
PcaResult components_for(const Rows& data, const NmfParams& params, PcaParams pca_params, bool any_known,
                         Context& context) {
  Marginals sums = marginals(data, context);
  const bool search = params.initialization == "pure_pixel";
  // The noise that they leave scales the penalties under squares.
  const bool penalties = any_known || params.sum_to_one || params.smoothness > 0 || params.sparsity.value_or(0) > 0 ||
                         params.automatic_relevance || params.spectra == "lines";
  const bool noise = params.loss == "frobenius" && penalties;
  if (params.components && !search && !noise) {
    PcaResult nothing;
    nothing.marginals = std::move(sums);
    return nothing;
  }
  if (params.components && !noise && !weights_for_poisson(params.weighting, data, sums)) {
    pca_params.svd_solver = "randomized";  // a start need not be exact
  }
  return pca(data, pca_params, context, &sums);
}

}  // namespace

NmfResult nmf(const Rows& data, const NmfParams& params, Context& context, std::span<const double> known,
              const Masks& masks) {
  const auto channels = static_cast<std::size_t>(data.columns());
  const std::vector<double> fixed = unit_sums(data, known);
  const auto fixed_count = static_cast<std::int64_t>(channels == 0 ? 0 : fixed.size() / channels);
  if (params.components && *params.components < fixed_count) {
    throw Error(ErrorKind::invalid_argument, "components is " + std::to_string(*params.components) + ", and " +
                                                 std::to_string(fixed_count) +
                                                 " spectra are known; components counts the known ones, too");
  }
  // The principal components choose the number and denoise the search for pure positions.
  PcaParams pca_params;
  pca_params.components = params.components;
  pca_params.weighting = params.weighting;
  pca_params.seed = params.seed;
  pca_params.rank_rule = params.rank_rule;
  PcaResult denoised = components_for(data, params, pca_params, fixed_count > 0, context);
  const Marginals& sums = denoised.marginals;
  const std::int64_t limit = std::min(sums.rows_left_in, sums.columns_left_in);
  if (params.components && *params.components > limit) {
    throw Error(ErrorKind::invalid_argument, "components is " + std::to_string(*params.components) +
                                                 "; the positions and channels left in allow at most " +
                                                 std::to_string(limit));
  }
  std::int64_t components = params.components.value_or(std::max(denoised.components, fixed_count));
  std::string reason = params.components ? "given" : denoised.reason;
  if (!params.components && (params.automatic_relevance || components > denoised.components)) {
    // More than stand above the noise, so that relevance has something to choose from.
    if (params.automatic_relevance) components = std::min(limit, components + spare_components);
    pca_params.components = components;
    denoised = pca(data, pca_params, context);
  }
  NmfProblem problem = make_nmf_problem(data, params, sums, context);
  problem.known = fixed;
  problem.noise = denoised.noise;
  problem.sparsity = sparsity_in_force(problem, components);
  check_penalty(problem);
  problem.sample = choose_sample(problem);
  LineColumns lines;
  if (params.spectra == "lines") {
    lines = line_columns(data.data().describe(), sums.column_sum, params.elements, params.beam_energy);
    problem.columns = lines.values;
  }
  const Shape navigation = data.data().describe().navigation_shape();
  const bool search = params.initialization == "pure_pixel" && sums.total > 0;
  NmfResult result = run_starts(
      problem, components,
      [&](std::int64_t start, std::int64_t count) {
        if (!search)
          return beside_known(fixed, random_spectra(problem, count, start), static_cast<std::size_t>(count), channels);
        PurePixels pure = pure_pixels(denoised, navigation, {.components = count, .seed = params.seed, .start = start});
        return beside_known(fixed, std::move(pure.spectra), static_cast<std::size_t>(count), channels);
      },
      search);
  if (params.automatic_relevance) {
    reason = "automatic relevance kept " + std::to_string(result.components) + " of " + std::to_string(components);
  }
  result.reason = reason;
  result.sparsity = problem.sparsity;
  result.columns = lines.description;
  if (params.bootstrap > 0) {
    if (!sums.counts) {
      throw Error(ErrorKind::invalid_argument,
                  "bootstrap draws repeated measurements of counts, and these data are no counts; leave it at 0");
    }
    repeat_measurement(problem, masks, result);
  }
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
  // Constraints: two copies of the maps as shares; columns of lines and background with their Newton matrix.
  const bool lines = params.spectra == "lines";
  const std::int64_t shares = 3 * positions * components + (params.bootstrap > 0 ? 6 * positions * components : 0);
  const std::int64_t columns = lines ? most_columns * (channels + components * components * most_columns) : 0;
  PcaParams searched = pca_params;
  searched.svd_solver = "randomized";
  return std::max(pca_memory(data, pca_params), pca_memory(data, searched)) + sample_memory(positions, components) +
         8 * (6 * positions * components + tables + shares + columns);
}

std::int64_t nmf_memory_per_worker(const Description& data, const NmfParams& params) {
  PcaParams pca_params;
  const std::int64_t components =
      params.components.value_or(std::min({data.navigation_size(), data.signal_size(), pca_params.scree_length}));
  PcaParams searched;
  searched.components = components;
  searched.svd_solver = "randomized";
  return std::max({pca_memory_per_worker(data), pca_memory_per_worker(data, searched),
                   8 * data.signal_size() * (components + 3) * (components + 4)});
}

}  // namespace ruska::ops::unmix
