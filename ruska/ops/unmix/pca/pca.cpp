// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Principal components of a positions × channels matrix X in float64.
//
// Keenan and Kotula, Surf. Interface Anal. 36, 203 (2004): with g and h the sums over rows and columns, the matrix
// X̃ = diag(g)^-½ X diag(h)^-½ has noise of nearly equal variance everywhere when X are Poisson counts. With X̃ = U S Vᵀ,
// factors are Vᵀ diag(h)^½ and loadings diag(g)^½ U S = X diag(h)^-½ V, so that loadings · factors is in data units.
//
// Without a search (randomized_components.hpp) we solve the Gram matrix of the smaller side rather than the SVD of X̃:
// one pass, and for sparse counts its cost is the number of pairs of nonzeros within a row. What squaring costs is
// resolution: singular values below 1e-6 of the largest are lost, far below the noise of any count data.
//
// Cost: Σ_rows nnz²/2 (sparse) or m n² (dense) multiply-adds, 4/3 n³ for the eigenvectors, nnz · k for the loadings.
// Departure: empty rows and columns get weight 0 instead of a division by zero; the noise variance is not taken as
// 1/ΣX but as the mean of X_ij/(g_i h_j), which stays unbiased where the data are far from rank one.
#include "ruska/ops/unmix/pca/pca.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "ruska/math/singular_threshold.hpp"
#include "ruska/ops/unmix/count_noise.hpp"
#include "ruska/ops/unmix/leading_components.hpp"
#include "ruska/ops/unmix/matrix_products.hpp"
#include "ruska/ops/unmix/randomized_components.hpp"

namespace ruska::ops::unmix {
namespace {

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

struct Rank {
  std::int64_t components = 1;
  std::string reason;
};

/// Components whose singular values exceed the Gavish–Donoho threshold.
Rank gavish_donoho(const LeadingComponents& leading, double rows, double columns, double noise,
                   double noise_over_counts) {
  const double smaller = std::min(rows, columns), larger = std::max(rows, columns);
  const double threshold = math::optimal_hard_threshold(smaller / larger) * std::sqrt(larger) * noise;
  const auto& values = leading.singular_values;
  const auto above = std::count_if(values.begin(), values.end(), [&](double s) { return s > threshold && s > 0; });
  std::string reason = "Gavish-Donoho: " + std::to_string(above) + " singular value" + (above == 1 ? "" : "s") +
                       " above the noise threshold " + show(threshold);
  if (above > 0) reason += " (last " + show(values[static_cast<std::size_t>(above) - 1]);
  if (above > 0 && static_cast<std::size_t>(above) < values.size()) {
    reason += ", next " + show(values[static_cast<std::size_t>(above)]);
  }
  if (above > 0) reason += ")";
  if (noise_over_counts == 1) {
    reason += ", noise known from counting statistics";
  } else {
    reason += ", noise from the median singular value";
    if (noise_over_counts > 1) {
      reason += ", " + show(noise_over_counts) + " times that of counts: one electron or photon is more than one count";
    }
  }
  return {above, reason};
}

/// Components that one half of the counts predicts in the other: with X₁ ~ Binomial(X, ½) and X₂ = X − X₁, keeping
/// component j of X̃₁ changes the squared error against X̃₂ by s_j² − 2 s_j u_jᵀ X̃₂ v_j. Both directions are averaged.
Rank count_splitting(const WeightedMatrix& whole, std::int64_t most, Context& context) {
  WeightedMatrix first = whole, second = whole;
  first.part = CountPart::first_half;
  second.part = CountPart::second_half;
  std::vector<double> gain(static_cast<std::size_t>(most), 0.0);
  for (const bool swapped : {false, true}) {
    const WeightedMatrix& fitted = swapped ? second : first;
    const LeadingComponents leading = leading_components(fitted, most, context);
    const std::vector<double> overlap = agreement(fitted, swapped ? first : second, leading.vectors, most, context);
    for (std::size_t k = 0; k < gain.size() && k < leading.singular_values.size(); ++k) {
      gain[k] += (2 * overlap[k] - leading.singular_values[k] * leading.singular_values[k]) / 2;
    }
  }
  std::vector<double> total(gain.size());
  std::partial_sum(gain.begin(), gain.end(), total.begin());
  const auto best = std::max_element(total.begin(), total.end());
  const bool any = best != total.end() && *best > 0;
  const auto chosen = any ? best - total.begin() + 1 : 0;
  std::string reason = "count splitting: " + std::to_string(chosen) + " component" + (chosen == 1 ? "" : "s") +
                       " of one half of the counts predict the other half";
  if (any) reason += " (component " + std::to_string(chosen) + " explains " + show(*(gain.begin() + chosen - 1));
  if (any && static_cast<std::size_t>(chosen) < gain.size()) {
    reason += ", the next would cost " + show(-gain[static_cast<std::size_t>(chosen)]);
  }
  if (any) reason += " of weighted squares)";
  return {chosen, reason};
}

Rank choose_rank(const PcaParams& params, const WeightedMatrix& matrix, const LeadingComponents& leading,
                 const PcaResult& result, std::int64_t most, Context& context) {
  if (params.components) return {*params.components, "given"};
  Rank rank;
  if (params.rank_rule == "count_splitting") {
    rank = count_splitting(matrix, most, context);
  } else {
    rank = gavish_donoho(leading, static_cast<double>(matrix.used_rows()), static_cast<double>(matrix.used_columns()),
                         result.noise, result.noise_over_counts);
  }
  if (rank.components < 1) {
    rank.components = 1;
    rank.reason += "; no component stands above the noise, one is kept";
  }
  if (rank.components > most) {
    rank.components = most;
    rank.reason += "; only " + std::to_string(most) + " are kept (scree_length)";
  }
  return rank;
}

/// Flips each vector so that its element of the largest magnitude, the first of these, is positive.
void fix_signs(std::vector<double>& vectors, std::size_t length) {
  for (auto begin = vectors.begin(); begin != vectors.end(); begin += static_cast<std::ptrdiff_t>(length)) {
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    const auto largest = std::max_element(begin, end, [](double a, double b) { return std::abs(a) < std::abs(b); });
    if (largest != end && *largest < 0) std::transform(begin, end, begin, [](double v) { return -v; });
  }
}

}  // namespace

PcaResult pca(const Rows& data, const PcaParams& params, Context& context, const Marginals* known) {
  const bool centring = params.center != "none";
  if (centring && params.weighting == "poisson") {
    throw Error(ErrorKind::invalid_argument,
                "weighting 'poisson' cannot be combined with center '" + params.center +
                    "': the weights assume the noise of counts, which centred values do not have; use center 'none' "
                    "(the first component then is the mean) or weighting 'none'");
  }
  const bool searched = params.svd_solver == "randomized";
  if (searched && !params.components) {
    throw Error(ErrorKind::invalid_argument,
                "svd_solver 'randomized' searches for a number of components that must be given: it does not see the "
                "singular values that would tell it; give components, or use svd_solver 'full'");
  }
  PcaResult result;
  result.marginals = known != nullptr ? *known : marginals(data, context);
  const Marginals& sums = result.marginals;
  result.poisson_weighted = !centring && weights_for_poisson(params.weighting, data, sums);

  const std::int64_t limit = std::min(sums.rows_left_in, sums.columns_left_in);
  if (limit == 0) {
    throw Error(ErrorKind::invalid_argument, "the masks leave out every position or every channel");
  }
  if (params.components && *params.components > limit) {
    throw Error(ErrorKind::invalid_argument, "components is " + std::to_string(*params.components) + "; " +
                                                 std::to_string(sums.rows_left_in) + " positions and " +
                                                 std::to_string(sums.columns_left_in) + " channels allow at most " +
                                                 std::to_string(limit));
  }
  if (!params.components && params.rank_rule == "count_splitting" && !sums.counts) {
    throw Error(ErrorKind::invalid_argument,
                "rank_rule 'count_splitting' needs counts (integers of at least 0), and these data are none; use "
                "rank_rule 'gavish_donoho' or give components");
  }

  WeightedMatrix matrix{data, {}, {}};
  if (result.poisson_weighted) {
    matrix.row_weight = poisson_weights(sums.row_sum);
    matrix.column_weight = poisson_weights(sums.column_sum);
  } else {
    matrix.row_weight.resize(static_cast<std::size_t>(data.rows()));
    matrix.column_weight.resize(static_cast<std::size_t>(data.columns()));
    for (std::int64_t r = 0; r < data.rows(); ++r) matrix.row_weight[static_cast<std::size_t>(r)] = !data.row_masked(r);
    for (std::int64_t c = 0; c < data.columns(); ++c) {
      matrix.column_weight[static_cast<std::size_t>(c)] = !data.column_masked(c);
    }
  }
  const auto divided = [](std::vector<double> values, std::int64_t by) {
    for (double& value : values) value /= static_cast<double>(by);
    return values;
  };
  if (params.center == "navigation") matrix.column_mean = divided(sums.column_sum, sums.rows_left_in);
  if (params.center == "signal") matrix.row_mean = divided(sums.row_sum, sums.columns_left_in);

  const std::int64_t most = std::min(limit, params.components.value_or(params.scree_length));
  FewPositions few;
  if (searched) few = few_positions_of(matrix, most, context);
  LeadingComponents leading = searched ? randomized_components(matrix, most, few.vectors, params.seed, context)
                                       : leading_components(matrix, most, context);
  result.total_sum_of_squares = leading.total_sum_of_squares;
  const MedianNoise noise = searched ? few.noise : median_noise(leading, matrix);
  result.noise = noise.deviation;
  if (result.poisson_weighted) {
    result.noise_over_counts = noise.over_counts;
    if (result.noise_over_counts == 1) result.noise = std::sqrt(leading.mean_poisson_variance);
  }

  const Rank rank = choose_rank(params, matrix, leading, result, most, context);
  result.components = rank.components;
  result.reason = rank.reason;

  const auto columns = static_cast<std::size_t>(data.columns());
  const auto kept = static_cast<std::size_t>(result.components);
  leading.vectors.resize(kept * columns);
  fix_signs(leading.vectors, columns);
  result.singular_values = std::move(leading.singular_values);
  if (!searched) {
    result.singular_values.resize(
        static_cast<std::size_t>(std::min(limit, std::max(params.scree_length, result.components))), 0.0);
  }

  result.loadings = project(matrix, leading.vectors, result.components, context);
  for (std::int64_t row = 0; row < data.rows(); ++row) {
    const double weight = matrix.row_weight[static_cast<std::size_t>(row)];
    const auto first = result.loadings.begin() + row * result.components;
    const double factor = data.row_masked(row) ? std::numeric_limits<double>::quiet_NaN() : weight > 0 ? 1 / weight : 0;
    std::transform(first, first + result.components, first, [&](double value) { return value * factor; });
  }
  result.factors = std::move(leading.vectors);
  for (std::size_t k = 0; k < kept; ++k) {
    for (std::size_t c = 0; c < columns; ++c) {
      const double weight = matrix.column_weight[c];
      result.factors[k * columns + c] = weight > 0 ? result.factors[k * columns + c] / weight : 0.0;
    }
  }
  result.mean_per_position = !matrix.row_mean.empty();
  result.mean = matrix.column_mean.empty() ? std::move(matrix.row_mean) : std::move(matrix.column_mean);
  result.row_weight = std::move(matrix.row_weight);
  result.column_weight = std::move(matrix.column_weight);
  return result;
}

std::vector<double> sigma_of_factors(const PcaResult& result) {
  const std::size_t channels = result.column_weight.size();
  std::vector<double> sigma(result.factors.size(), 0.0);
  for (std::size_t k = 0; k < static_cast<std::size_t>(result.components); ++k) {
    for (std::size_t c = 0; c < channels; ++c) {
      const double weight = result.column_weight[c];
      const double singular = result.singular_values[k];
      if (weight > 0 && singular > 0) sigma[k * channels + c] = result.noise / (singular * weight);
    }
  }
  return sigma;
}

std::vector<double> sigma_of_loadings(const PcaResult& result) {
  std::vector<double> sigma(result.loadings.size(), 0.0);
  const auto count = static_cast<std::size_t>(result.components);
  for (std::size_t i = 0; i < sigma.size(); ++i) {
    const double weight = result.row_weight[i / count];
    sigma[i] = std::isnan(result.loadings[i]) ? result.loadings[i] : weight > 0 ? result.noise / weight : 0.0;
  }
  return sigma;
}

namespace {

/// sin² of the angle between a right singular vector and the one without noise, from the measured s²/σ² of a matrix of
/// m × n; n σ²/s² to first order.
double lost_of_direction(double squared_over_noise, double m, double n) {
  if (std::isinf(squared_over_noise)) return 0;
  const double beta = n / m, above = squared_over_noise / m - 1 - beta, root = above * above - 4 * beta;
  if (!(above > 0 && root > 0)) return 1;          // no more than noise
  const double y = (above + std::sqrt(root)) / 2;  // y²
  return std::min(1.0, beta * (1 + y) / (y * (y + beta)));
}

}  // namespace

// With E the noise of the weighted matrix, of standard deviation σ, and Δ = s_k² − s_l², first order gives
//   δv_k = (1 − VVᵀ) Eᵀu_k / s_k + Σ_l v_l (s_k u_kᵀE v_l + s_l u_lᵀE v_k) / Δ,
//   δ(X̃v_k) = (1 − UUᵀ) E v_k + u_k u_kᵀE v_k + Σ_l u_l s_k (s_k u_lᵀE v_k + s_l u_kᵀE v_l) / Δ,
// sums over l ≠ k, where all u_lᵀE v_k are independent and of standard deviation σ. What v_k has outside V is not small
// where a component is weak; the exact share of large matrices takes the place of its first order there
// (Benaych-Georges and Nadakuditi, J. Multivar. Anal. 111, 120 (2012), with y² = s² / (m σ²) for the s without noise).
ComponentSigma sigma_of_components(const PcaResult& result) {
  const auto count = static_cast<std::size_t>(result.components);
  const std::size_t rows = result.row_weight.size(), columns = result.column_weight.size();
  const double noise = result.noise * result.noise;
  const auto used = [](const std::vector<double>& weights) {
    return static_cast<double>(std::ranges::count_if(weights, [](double weight) { return weight > 0; }));
  };
  const double used_rows = used(result.row_weight), used_columns = used(result.column_weight);
  ComponentSigma sigma{std::vector<double>(result.factors.size(), 0.0),
                       std::vector<double>(result.loadings.size(), 0.0)};
  // Variances of the coefficients of v_l in δv_k and of u_l in δ(s_k u_k).
  std::vector<double> of_factors(count * count, 0.0), of_loadings(count * count, 0.0);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t l = 0; l < count; ++l) {
      const double s = result.singular_values[k], t = result.singular_values[l], gap = s * s - t * t;
      if (l == k) continue;
      const double of_factor = gap != 0 ? noise * (s * s + t * t) / (gap * gap) : 1;
      of_factors[k * count + l] = std::min(1.0, of_factor);
      of_loadings[k * count + l] = s * s * of_factors[k * count + l];
    }
  }
  for (std::size_t k = 0; k < count; ++k) {
    const double singular = result.singular_values[k];
    if (!(singular > 0)) continue;
    const double lost = lost_of_direction(singular * singular / noise, used_rows, used_columns);
    const double shrunk = (1 - std::sqrt(1 - lost)) * (1 - std::sqrt(1 - lost));
    for (std::size_t c = 0; c < columns; ++c) {
      const double weight = result.column_weight[c];
      if (!(weight > 0)) continue;
      double outside = 1, mixed = 0;
      for (std::size_t l = 0; l < count; ++l) {
        const double v = result.factors[l * columns + c] * weight;
        outside -= v * v;
        mixed += (l == k ? shrunk : of_factors[k * count + l]) * v * v;
      }
      const double variance = std::max(0.0, outside) * lost / used_columns + mixed;
      sigma.factors[k * columns + c] = std::sqrt(variance) / weight;
    }
  }
  std::vector<double> squared(count);  // of a position's elements of the left singular vectors
  for (std::size_t i = 0; i < rows; ++i) {
    const double weight = result.row_weight[i];
    const double* const loading = &result.loadings[i * count];
    for (std::size_t l = 0; l < count; ++l) {
      const double singular = result.singular_values[l];
      const double u = singular > 0 ? loading[l] * weight / singular : 0.0;
      squared[l] = u * u;
    }
    for (std::size_t k = 0; k < count; ++k) {
      double outside = 1, mixed = 0;
      for (std::size_t l = 0; l < count; ++l) {
        if (l != k) outside -= squared[l];
        mixed += of_loadings[k * count + l] * squared[l];
      }
      const double variance = std::max(0.0, outside) * noise + mixed;
      sigma.loadings[i * count + k] = std::isnan(loading[k]) ? loading[k]
                                      : weight > 0           ? std::sqrt(variance) / weight
                                                             : 0;
    }
  }
  return sigma;
}

std::int64_t pca_memory(const Description& data, const PcaParams& params) {
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t vectors = std::min({positions, channels, params.components.value_or(params.scree_length)});
  const std::int64_t results = 2 * positions * vectors + 3 * channels * vectors + 4 * (positions + channels);
  return 8 * results + (params.svd_solver == "randomized" ? randomized_components_memory(positions, channels, vectors) +
                                                                noise_over_counts_memory(data)
                                                          : leading_components_memory(positions, channels, vectors));
}

std::int64_t pca_memory_per_worker(const Description& data, const PcaParams& params) {
  return params.svd_solver == "randomized"
             ? randomized_components_memory_per_worker(data.navigation_size(), data.signal_size(),
                                                       params.components.value_or(1))
             : leading_components_memory_per_worker(data);
}

}  // namespace ruska::ops::unmix
