// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Tucker decomposition of scans, spectrum images and series too large to iterate on: Y ≈ G ×₁ U₁ ×₂ U₂ … ×_N U_N.
//
// Zhang, Han, Xie, Voyles, Wang, Ultramicroscopy 219, 113123 (2020) denoise 4D-STEM data by higher-order orthogonal
// iteration on the whole array. We stream it. The data are a matrix of positions × last mode (the detector, the
// energies). A basis of L columns for the last mode is found by alternation: Z = Y Uᵀ is small, and the fit of its scan
// modes removes most of the noise, because a mode's noise edge falls with the size of the others; S = Yᵀ Q, with Q an
// orthonormal basis of the fitted Z, is the next U. That is orthogonal iteration whose step for the last mode is one
// step of subspace iteration, two passes over the data each. Start: a Gaussian sketch (Halko, Martinsson, Tropp, SIAM
// Rev. 53, 217 (2011)). All other steps run on Z, where the scan modes keep their full length.
//
// Cost: (2 sweeps + 2) passes; 2 · elements · L multiply-adds a sweep, in float32 within partitions, float64 across
// them. Departures: modes are refined in the order of the axes; ranks may be chosen, by the noise edge of each
// unfolding; Keenan and Kotula's weights, Surf. Interface Anal. 36, 203 (2004), act on vectors, never on the data.
#include "ruska/ops/denoise/tensor_svd/tensor_svd.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <lapacke.h>

#include "ruska/base/random.hpp"
#include "ruska/math/tucker.hpp"
#include "ruska/ops/denoise/tensor_svd/ranks.hpp"
#include "ruska/ops/denoise/tensor_svd/streamed_matrix.hpp"

namespace ruska::ops::denoise {
namespace {

constexpr std::size_t fewest_spare_columns = 8;  // of the basis, beyond the rank: what subspace iteration converges by
constexpr int sweeps_on_compressed = 2;          // between two passes over the data
// Of the noise that a fit of these ranks contains: gains below are noise. Iterating to the end costs 0.1 to 0.5 dB on
// analytic lattice scans, at ranks that fit and at ranks too large, and takes three times as long.
constexpr double least_noise_gain = 0.5;

std::size_t row_axes_of(const std::vector<std::size_t>& axes) {
  return std::accumulate(axes.begin(), axes.end() - 1, std::size_t{0});
}

std::vector<std::size_t> lengths_of(const Description& data, const std::vector<std::size_t>& axes) {
  std::vector<std::size_t> lengths;
  std::size_t axis = 0;
  for (const std::size_t count : axes) {
    std::size_t length = 1;
    for (std::size_t a = 0; a < count; ++a) length *= static_cast<std::size_t>(data.axes[axis++].size);
    lengths.push_back(length);
  }
  return lengths;
}

/// Orthonormal rows that span those of `vectors` (count × length), by Householder reflections.
void orthonormalise(std::vector<double>& vectors, std::size_t count, std::size_t length) {
  const auto require = [](lapack_int info, const char* routine) {
    if (info != 0) throw Error(ErrorKind::internal, std::string("LAPACK ") + routine + " failed");
  };
  // Rows in C order are columns in LAPACK's.
  const auto rows = static_cast<lapack_int>(length), columns = static_cast<lapack_int>(count);
  std::vector<double> tau(count);
  require(LAPACKE_dgeqrf(LAPACK_COL_MAJOR, rows, columns, vectors.data(), rows, tau.data()), "dgeqrf");
  require(LAPACKE_dorgqr(LAPACK_COL_MAJOR, rows, columns, columns, vectors.data(), rows, tau.data()), "dorgqr");
}

/// Orthonormal columns that span those of Z, the last mode of a tensor being its columns; zero ones for what is
/// missing.
math::Tensor orthonormal_columns(const math::Tensor& tensor) {
  constexpr double resolution = 1e-7;  // of the largest singular value; what lies below is rounding
  const std::size_t mode = tensor.shape.size() - 1, columns = tensor.shape[mode];
  math::LeftVectors left = math::left_vectors(tensor, mode, columns);
  for (std::size_t r = 0; r < columns; ++r) {
    const double value = left.singular_values[r];
    const double scale = value > resolution * left.singular_values[0] ? 1 / value : 0.0;
    for (std::size_t i = 0; i < columns; ++i) left.vectors[r * columns + i] *= scale;
  }
  return math::mode_product(tensor, mode, left.vectors, columns);
}

/// Multiplies row i of `values` (rows of `width` numbers) by weight[i]; no weights leave it alone.
void scale_rows(std::vector<double>& values, std::size_t width, const std::vector<double>& weight) {
  for (std::size_t i = 0; i < weight.size(); ++i) {
    for (std::size_t j = 0; j < width; ++j) values[i * width + j] *= weight[i];
  }
}

/// Multiplies column j of `values` by weight[j].
void scale_columns(std::vector<double>& values, const std::vector<double>& weight) {
  if (weight.empty()) return;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= weight[i % weight.size()];
}

std::vector<float> narrow(const std::vector<double>& values) { return {values.begin(), values.end()}; }

/// Mean value over all elements that share an index of a mode, for every mode.
std::vector<std::vector<double>> mode_means(const MatrixTotals& totals, const std::vector<std::size_t>& lengths) {
  std::vector<std::vector<double>> means;
  std::size_t after = totals.row_sum.size();
  const double elements = static_cast<double>(totals.row_sum.size()) * static_cast<double>(totals.column_sum.size());
  for (std::size_t k = 0; k + 1 < lengths.size(); ++k) {
    after /= lengths[k];
    means.emplace_back(lengths[k], 0.0);
    for (std::size_t row = 0; row < totals.row_sum.size(); ++row) {
      means[k][row / after % lengths[k]] += totals.row_sum[row];
    }
  }
  means.push_back(totals.column_sum);
  for (std::vector<double>& mean : means) {
    for (double& value : mean) value *= static_cast<double>(mean.size()) / elements;
  }
  return means;
}

/// Keenan and Kotula's weights per mode, 1/√(mean relative to the whole); 0 where there is nothing.
std::vector<std::vector<double>> poisson_weights(std::vector<std::vector<double>> means, double mean) {
  for (std::vector<double>& mode : means) {
    for (double& value : mode) value = value > 0 ? std::sqrt(mean / value) : 0.0;
  }
  return means;
}

/// The weights of the rows: products over all modes but the last.
std::vector<double> row_weights(const std::vector<std::vector<double>>& weights) {
  std::vector<double> rows{1.0};
  for (std::size_t k = 0; k + 1 < weights.size(); ++k) {
    std::vector<double> next;
    next.reserve(rows.size() * weights[k].size());
    for (const double outer : rows) {
      for (const double inner : weights[k]) next.push_back(outer * inner);
    }
    rows = std::move(next);
  }
  return rows;
}

std::vector<std::size_t> given_ranks(const std::vector<double>& ranks) {
  std::vector<std::size_t> whole;
  for (const double rank : ranks) {
    if (!(rank >= 1 && rank <= 1e6 && rank == std::floor(rank))) {
      throw Error(ErrorKind::invalid_argument,
                  "'ranks' holds " + std::to_string(rank) + ", and takes whole numbers of at least 1, one per mode");
    }
    whole.push_back(static_cast<std::size_t>(rank));
  }
  return whole;
}

/// Standard deviations cannot be told from data that are explained without a rest; profiles of mean one otherwise.
NoiseProfile noise_profile(const MatrixTotals& totals, const std::vector<std::size_t>& lengths,
                           const std::vector<std::vector<double>>& weights, bool of_counts, double sum_of_squares) {
  NoiseProfile noise;
  noise.elements = static_cast<double>(totals.row_sum.size()) * static_cast<double>(totals.column_sum.size());
  noise.sum_of_squares = sum_of_squares;
  const double mean = totals.sum / noise.elements;
  noise.profile = mode_means(totals, lengths);
  for (std::size_t k = 0; k < lengths.size(); ++k) {
    for (std::size_t i = 0; i < lengths[k]; ++i) {
      double& value = noise.profile[k][i];
      if (of_counts && weights.empty()) {
        value = mean > 0 ? value / mean : 1.0;
      } else {
        value = weights.empty() || weights[k][i] > 0 ? 1.0 : 0.0;
      }
    }
  }
  return noise;
}

}  // namespace

std::vector<std::size_t> axes_of_modes(const Description& data, const std::string& modes) {
  const std::size_t axes = data.axes.size(), navigation = data.navigation_shape().size(), signal = axes - navigation;
  const std::size_t wanted = modes == "four" ? 4 : 3;
  if (axes == wanted) return std::vector<std::size_t>(wanted, 1);
  if (navigation + 1 == wanted && signal >= 1) {
    std::vector<std::size_t> runs(navigation, 1);
    runs.push_back(signal);
    return runs;
  }
  throw Error(ErrorKind::invalid_argument,
              "'" + data.title + "' has " + std::to_string(navigation) + " navigation and " + std::to_string(signal) +
                  " signal axes, which do not make " + modes +
                  " modes: give data of as many axes, or with one navigation axis less and any signal axes, or choose "
                  "other modes");
}

std::vector<std::size_t> most_ranks(const Description& data, const TensorSvdParams& params) {
  const std::vector<std::size_t> lengths = lengths_of(data, axes_of_modes(data, params.modes));
  if (params.ranks) {
    std::vector<std::size_t> ranks = given_ranks(*params.ranks);
    math::require_multilinear_rank(lengths, ranks);
    return ranks;
  }
  std::vector<std::size_t> most;
  for (const std::size_t length : lengths)
    most.push_back(std::min(length, static_cast<std::size_t>(params.rank_limit)));
  return most;
}

std::int64_t compressed_columns(const Description& data, const TensorSvdParams& params) {
  const std::vector<std::size_t> axes = axes_of_modes(data, params.modes), lengths = lengths_of(data, axes);
  const std::size_t rank = most_ranks(data, params).back();
  const std::size_t spare = params.ranks ? std::max(fewest_spare_columns, rank) : fewest_spare_columns;
  const std::size_t rows = std::accumulate(lengths.begin(), lengths.end() - 1, std::size_t{1}, std::multiplies<>());
  return static_cast<std::int64_t>(std::min({rank + spare, lengths.back(), std::max(rank, rows)}));
}

std::int64_t tensor_svd_memory(const Description& data, const TensorSvdParams& params) {
  const std::vector<std::size_t> axes = axes_of_modes(data, params.modes), lengths = lengths_of(data, axes);
  const auto columns = static_cast<std::int64_t>(lengths.back());
  const std::int64_t rows = columns == 0 ? 0 : data.bytes() / static_cast<std::int64_t>(size_of(data.dtype)) / columns;
  const std::int64_t count = compressed_columns(data, params);
  std::int64_t squares = 0;
  for (std::size_t k = 0; k + 1 < lengths.size(); ++k) {
    squares += static_cast<std::int64_t>(lengths[k] * lengths[k]);
  }
  // The compressed tensor in float64 with up to three copies (its fit, and projections of that), once in float32; the
  // basis twice and in float32; marginals and weights; Gram matrices with their eigenvectors.
  return rows * count * (4 * 8 + 4) + columns * count * (2 * 8 + 4) + (rows + columns) * 6 * 8 + squares * 4 * 8 +
         StreamedMatrix::bytes_of_merging(data, row_axes_of(axes), count) + (std::int64_t{4} << 20);
}

std::int64_t tensor_svd_memory_per_worker(const Description& data, const TensorSvdParams& params) {
  return StreamedMatrix::bytes_per_worker(data, row_axes_of(axes_of_modes(data, params.modes)),
                                          compressed_columns(data, params));
}

TensorSvdResult tensor_svd(const Dataset& data, const TensorSvdParams& params, Context& context) {
  const Description& description = data.describe();
  const std::vector<std::size_t> axes = axes_of_modes(description, params.modes);
  const std::vector<std::size_t> lengths = lengths_of(description, axes);
  const std::size_t modes = lengths.size(), rows_axes = row_axes_of(axes);
  const std::vector<std::size_t> most = most_ranks(description, params);
  const auto width = static_cast<std::size_t>(compressed_columns(description, params));
  const auto count = static_cast<std::int64_t>(width);
  const StreamedMatrix matrix(data, rows_axes);
  const auto rows = static_cast<std::size_t>(matrix.rows()), columns = static_cast<std::size_t>(matrix.columns());

  const MatrixTotals totals = matrix.totals(context);
  TensorSvdResult result;
  result.counts = totals.counts;
  result.noise_of_counts = params.noise == "counts" || (params.noise == "auto" && totals.counts);
  result.poisson_weighted = params.weighting == "poisson";
  const double mean = totals.sum / (static_cast<double>(rows) * static_cast<double>(columns));
  if ((result.poisson_weighted || params.noise == "counts") && !totals.counts) {
    throw Error(ErrorKind::invalid_argument,
                "the data are no counts (integers of at least 0), which " +
                    std::string(result.poisson_weighted ? "weighting 'poisson'" : "noise 'counts'") + " needs; use " +
                    (result.poisson_weighted ? "weighting 'none'" : "noise 'white'"));
  }

  std::vector<std::vector<double>> weights;
  std::vector<double> row_weight, column_weight;
  double sum_of_squares = totals.sum_of_squares;
  if (result.poisson_weighted) {
    weights = poisson_weights(mode_means(totals, lengths), mean);
    row_weight = row_weights(weights);
    column_weight = weights.back();
    sum_of_squares = matrix.weighted_sum_of_squares(row_weight, column_weight, context);
  }
  const NoiseProfile noise = noise_profile(totals, lengths, weights, result.noise_of_counts, sum_of_squares);

  std::vector<std::size_t> ranks = most;
  std::vector<std::vector<double>> factors;
  math::Tensor compressed, core;
  std::vector<double> basis;
  double captured = 0;
  {
    std::vector<double> sketch(rows * width);
    for (std::size_t row = 0; row < rows; ++row) {
      Random random(static_cast<std::uint64_t>(params.seed), "tensor_svd", row);
      for (std::size_t j = 0; j < width; ++j) sketch[row * width + j] = random.normal();
    }
    scale_rows(sketch, width, row_weight);
    basis = matrix.transposed_times(narrow(sketch), count, context);
  }
  for (std::int64_t sweep = 0;; ++sweep) {
    scale_columns(basis, column_weight);
    orthonormalise(basis, width, columns);
    {
      std::vector<double> vectors = basis;
      scale_columns(vectors, column_weight);
      compressed.values = matrix.times(narrow(vectors), count, context);
      scale_rows(compressed.values, width, row_weight);
      compressed.shape = lengths;
      compressed.shape.back() = width;
    }
    const std::vector<std::size_t> ranks_before = ranks;
    if (params.ranks && (sweep == 0 || params.algorithm == "hosvd")) {
      factors = math::sequential_hosvd(compressed, ranks).factors;
    } else if (params.ranks) {
      // The scan modes' factors still hold; the last mode's belong to the basis before.
      factors.back() =
          math::left_vectors(math::project_except(compressed, factors, ranks, modes - 1), modes - 1, ranks.back())
              .vectors;
    } else {
      ChosenRanks chosen = choose_ranks({compressed, basis}, noise, static_cast<std::size_t>(params.rank_limit));
      ranks = std::move(chosen.ranks);
      factors = std::move(chosen.factors);
    }
    if (params.algorithm == "hooi") {
      math::OrthogonalIteration best =
          math::orthogonal_iteration(compressed, std::move(factors), ranks, params.tolerance, sweeps_on_compressed);
      factors = std::move(best.tucker.factors);
      core = std::move(best.tucker.core);
    } else {
      if (!params.ranks) factors = math::sequential_hosvd(compressed, ranks).factors;
      core = math::project_except(compressed, factors, ranks, modes);
    }
    const double gain = core.sum_of_squares() - captured;
    captured += gain;
    result.sweeps = sweep;
    const double least_gain =
        std::max(params.tolerance * captured, least_noise_gain * noise_in_fit(noise, captured, ranks));
    result.converged = sweep > 0 && ranks == ranks_before && gain <= least_gain;
    // A basis of the whole last mode cannot become better.
    if (result.converged || width == columns) {
      result.converged = true;
      break;
    }
    if (sweep == params.iterations) break;

    math::Tensor fitted = compressed;
    if (params.algorithm == "hooi") {
      for (std::size_t k = 0; k + 1 < modes; ++k) fitted = math::mode_product(fitted, k, factors[k], ranks[k]);
      for (std::size_t k = modes - 1; k-- > 0;) {
        fitted = math::mode_product_transposed(fitted, k, factors[k], lengths[k]);
      }
    }
    fitted = orthonormal_columns(fitted);
    scale_rows(fitted.values, width, row_weight);
    const std::vector<float> vectors = narrow(fitted.values);
    fitted = {};
    basis = matrix.transposed_times(vectors, count, context);
  }
  if (!result.converged) {
    context.not_converged("the decomposition still gained more than the tolerance after " +
                          std::to_string(result.sweeps) + " sweeps; give --iterations more or --tolerance larger");
  }

  const double variance = noise_variance(noise, captured, ranks);
  for (std::size_t k = 0; k < modes; ++k) {
    TensorMode mode;
    mode.rank = static_cast<std::int64_t>(ranks[k]);
    mode.singular_values =
        math::left_vectors(math::project_except(compressed, factors, ranks, k), k, 0).singular_values;
    mode.threshold = threshold_of_mode({compressed, basis}, factors, ranks, k, noise, variance);
    mode.factor = factors[k];
    if (k + 1 == modes) {
      mode.factor = math::mode_product_transposed({{ranks[k], width}, factors[k]}, 1, basis, columns).values;
    }
    if (!weights.empty()) {
      std::vector<double> undo = weights[k];
      for (double& weight : undo) weight = weight > 0 ? 1 / weight : 0.0;
      scale_columns(mode.factor, undo);
    }
    result.modes.push_back(std::move(mode));
  }
  result.core = std::move(core.values);
  result.captured_share = sum_of_squares > 0 ? captured / sum_of_squares : 0.0;
  result.noise = std::sqrt(variance);
  if (totals.counts && mean > 0) result.noise_over_poisson = variance / mean;
  return result;
}

}  // namespace ruska::ops::denoise
