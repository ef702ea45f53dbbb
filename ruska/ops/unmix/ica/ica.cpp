// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Independent components of a spectrum image: principal components P = L F (positions × K, K × channels) are rotated to
// P = (L W⁻¹)(W F). W = R V: V whitens what independence is judged on, derivatives of the factors or the loadings, and
// R is the rotation that makes it independent (Hyvärinen and Oja, Neural Netw. 13, 411 (2000)); derivatives, because
// the backgrounds of spectra are alike while their edges and lines are not (de la Peña et al., Ultramicroscopy 111, 169
// (2011)). On loadings the roles of the two are exchanged.
//
// Cost: the principal components', then some tens of passes over K · channels (or K · positions) numbers.
// Uncertainty: that of the principal components, carried through the rotation held fixed.
#include "ruska/ops/unmix/ica/ica.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <lapacke.h>

#include "ruska/ops/unmix/aligned_components.hpp"
#include "ruska/ops/unmix/ica/rotations.hpp"

namespace ruska::ops::unmix {
namespace {

std::vector<std::int64_t> chosen_components(const std::vector<double>& given) {
  std::vector<std::int64_t> chosen;
  for (const double number : given) {
    if (!(number >= 1 && number <= 1e6 && number == std::floor(number))) {
      throw Error(ErrorKind::invalid_argument, "'components' holds " + std::to_string(number) +
                                                   ", and takes the numbers of principal components: 1,2,3");
    }
    const auto component = static_cast<std::int64_t>(number) - 1;
    if (std::find(chosen.begin(), chosen.end(), component) != chosen.end()) {
      throw Error(ErrorKind::invalid_argument,
                  "'components' names " + std::to_string(component + 1) + " twice; give each once");
    }
    chosen.push_back(component);
  }
  if (chosen.empty()) throw Error(ErrorKind::invalid_argument, "'components' is empty; give numbers such as 1,2,3");
  return chosen;
}

PcaParams principal_params(const IcaParams& params) {
  PcaParams principal;
  if (params.components) {
    const std::vector<std::int64_t> chosen = chosen_components(*params.components);
    principal.components = *std::max_element(chosen.begin(), chosen.end()) + 1;
  }
  principal.weighting = params.weighting;
  principal.rank_rule = params.rank_rule;
  principal.svd_solver = params.svd_solver;
  principal.seed = params.seed;
  return principal;
}

/// Inverse of a K × K matrix in C order.
std::vector<double> inverse(std::vector<double> matrix, std::size_t k) {
  std::vector<double> result(k * k, 0.0);
  for (std::size_t i = 0; i < k; ++i) result[i * k + i] = 1;
  std::vector<lapack_int> pivots(k);
  const auto n = static_cast<lapack_int>(k);
  if (LAPACKE_dgesv(LAPACK_ROW_MAJOR, n, n, matrix.data(), n, pivots.data(), result.data(), n) != 0) {
    throw Error(ErrorKind::internal, "an unmixing matrix has no inverse");
  }
  return result;
}

std::vector<double> transposed(const std::vector<double>& matrix, std::size_t k) {
  std::vector<double> result(k * k);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) result[j * k + i] = matrix[i * k + j];
  }
  return result;
}

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b, std::size_t k) {
  std::vector<double> result(k * k, 0.0);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t m = 0; m < k; ++m) {
      for (std::size_t j = 0; j < k; ++j) result[i * k + j] += a[i * k + m] * b[m * k + j];
    }
  }
  return result;
}

/// The chosen components of factors and loadings with their noise.
struct Principal {
  std::vector<double> factors, factors_sigma;    // K × channels
  std::vector<double> loadings, loadings_sigma;  // positions × K
};

Principal chosen_part(const PcaResult& pca, const std::vector<std::int64_t>& chosen, std::size_t rows,
                      std::size_t columns) {
  const std::vector<double> factors_sigma = sigma_of_factors(pca), loadings_sigma = sigma_of_loadings(pca);
  const auto all = static_cast<std::size_t>(pca.components);
  Principal part;
  for (const std::int64_t k : chosen) {
    const auto first = static_cast<std::ptrdiff_t>(k) * static_cast<std::ptrdiff_t>(columns);
    const auto last = first + static_cast<std::ptrdiff_t>(columns);
    part.factors.insert(part.factors.end(), pca.factors.begin() + first, pca.factors.begin() + last);
    part.factors_sigma.insert(part.factors_sigma.end(), factors_sigma.begin() + first, factors_sigma.begin() + last);
  }
  for (std::size_t p = 0; p < rows; ++p) {
    for (const std::int64_t k : chosen) {
      part.loadings.push_back(pca.loadings[p * all + static_cast<std::size_t>(k)]);
      part.loadings_sigma.push_back(loadings_sigma[p * all + static_cast<std::size_t>(k)]);
    }
  }
  return part;
}

/// What independence is judged on, before derivatives. Masked and empty channels and positions are left out.
Samples samples_of(const Principal& part, const PcaResult& pca, const Description& data, const std::string& on,
                   std::size_t k) {
  Samples samples;
  samples.components = static_cast<std::int64_t>(k);
  if (on == "loadings") {
    samples.values = part.loadings;
    samples.grids = {data.navigation_shape()};
    return samples;
  }
  const std::size_t columns = pca.column_weight.size();
  samples.values.resize(k * columns);
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t j = 0; j < k; ++j) {
      samples.values[c * k + j] =
          pca.column_weight[c] > 0 ? part.factors[j * columns + c] : std::numeric_limits<double>::quiet_NaN();
    }
  }
  samples.grids = {data.signal_shape()};
  return samples;
}

/// The rotation of the best start, and how well the other starts agree with it, per component.
Rotation best_rotation(const Samples& white, const IcaParams& params, std::vector<double>& agreement,
                       Context& context) {
  const auto k = static_cast<std::size_t>(white.components);
  agreement.assign(k, 1.0);
  if (params.algorithm == "jade") return jade(white, params.tolerance, params.max_iterations, context);
  if (params.algorithm == "sobi") return sobi(white, params.lags, params.tolerance, params.max_iterations, context);
  if (params.algorithm == "orthomax") {
    return orthomax(white, params.gamma, params.tolerance, params.max_iterations, context);
  }
  std::vector<Rotation> starts;
  std::size_t best = 0;
  double farthest = -1;
  for (std::int64_t start = 0; start < params.starts; ++start) {
    starts.push_back(fast_ica(white,
                              {.nonlinearity = params.nonlinearity,
                               .deflation = params.approach == "deflation",
                               .tolerance = params.tolerance,
                               .most_iterations = params.max_iterations,
                               .seed = static_cast<std::uint64_t>(params.seed),
                               .start = static_cast<std::uint64_t>(start)},
                              context));
    const double distance = contrast(white, starts.back(), params.nonlinearity, context);
    // A start that converged goes before one that did not.
    const bool better = starts.size() == 1 || starts.back().converged > starts[best].converged ||
                        (starts.back().converged == starts[best].converged && distance > farthest);
    if (better) {
      best = starts.size() - 1;
      farthest = distance;
    }
  }
  for (std::size_t p = 0; p < k && starts.size() > 1; ++p) {
    double sum = 0;
    for (std::size_t other = 0; other < starts.size(); ++other) {
      if (other == best) continue;
      double nearest = 0;
      for (std::size_t q = 0; q < k; ++q) {
        double overlap = 0;
        for (std::size_t i = 0; i < k; ++i) {
          overlap += starts[best].matrix[p * k + i] * starts[other].matrix[q * k + i];
        }
        nearest = std::max(nearest, std::abs(overlap));
      }
      sum += std::min(1.0, nearest);
    }
    agreement[p] = sum / static_cast<double>(starts.size() - 1);
  }
  return starts[best];
}

/// E y⁴ − 3 of the rotated samples, which have unit variance.
std::vector<double> excess_kurtosis(const Samples& white, const std::vector<double>& rotation, std::size_t k) {
  std::vector<double> fourth(k, 0.0);
  double number = 0;
  for (std::int64_t i = 0; i < white.size(); ++i) {
    const double* const x = white.values.data() + i * white.components;
    if (std::isnan(x[0])) continue;
    ++number;
    for (std::size_t p = 0; p < k; ++p) {
      double y = 0;
      for (std::size_t q = 0; q < k; ++q) y += rotation[p * k + q] * x[q];
      fourth[p] += y * y * y * y;
    }
  }
  for (double& value : fourth) value = value / number - 3;
  return fourth;
}

/// A sentence when only some of the principal components that noise mixes are among the chosen.
std::string about_cut_groups(const PcaResult& principal, const std::vector<std::int64_t>& chosen) {
  const std::vector<std::size_t> group = indistinct_groups(principal);
  std::vector<std::size_t> size(group.size(), 0), taken(group.size(), 0);
  for (const std::size_t one : group) ++size[one];
  for (const std::int64_t component : chosen) ++taken[group[static_cast<std::size_t>(component)]];
  std::string numbers;
  for (std::size_t k = 0; k < group.size(); ++k) {
    const std::size_t g = group[k];
    if (taken[g] == 0 || taken[g] == size[g]) continue;
    numbers += (numbers.empty() ? "" : ", ") + std::to_string(k + 1);
  }
  if (numbers.empty()) return "";
  return "principal components " + numbers +
         " have singular values within their error, and only some of them were rotated: choose all or none";
}

void repeat_ica(const Rows& data, const Masks& masks, const IcaParams& params, const PcaResult& principal,
                IcaResult& result, Context& context) {
  IcaParams again = params;
  again.bootstrap = 0;
  again.weighting = principal.poisson_weighted ? "poisson" : "none";
  again.components.emplace();
  for (const std::int64_t number : result.chosen) again.components->push_back(static_cast<double>(number + 1));
  std::vector<std::size_t> each(result.chosen.size());
  std::iota(each.begin(), each.end(), std::size_t{0});
  const Description& description = data.data().describe();
  SpreadSum sum(result.factors, result.loadings);
  const std::int64_t held =
      ica_memory(description, params) +
      context.threads * (ica_memory_per_worker(description, params) + Rows::bytes_per_worker(description));
  const MeasurementNoise noise =
      repeat(data, masks, principal, params.bootstrap, params.seed, held, context, [&](const Rows& rows) {
        IcaResult other = ica(rows, again, context);
        result.failed += other.converged ? 0 : 1;
        const std::vector<double> rotation =
            aligning_rotation(result.factors, other.factors, each, static_cast<std::size_t>(data.columns()));
        align(rotation, each.size(), other.factors, other.loadings);
        sum.add(other.factors, other.loadings);
      });
  result.spread = std::move(sum).finish(noise);
}

}  // namespace

IcaResult ica(const Rows& data, const IcaParams& params, Context& context, const Masks& masks) {
  IcaResult result;
  if (params.components) result.chosen = chosen_components(*params.components);
  const PcaResult principal = pca(data, principal_params(params), context);
  result.reason = params.components ? "given" : principal.reason;
  if (!params.components) {
    result.chosen.resize(static_cast<std::size_t>(principal.components));
    std::iota(result.chosen.begin(), result.chosen.end(), 0);
  }
  const std::size_t k = result.chosen.size();
  const auto rows = static_cast<std::size_t>(data.rows()), columns = static_cast<std::size_t>(data.columns());
  const Principal part = chosen_part(principal, result.chosen, rows, columns);

  const Whitened white = whiten(differences(samples_of(part, principal, data.data().describe(), params.on, k),
                                            static_cast<int>(params.derivative)),
                                context);
  const Rotation rotation = best_rotation(white.samples, params, result.agreement, context);
  result.converged = rotation.converged;
  result.iterations = rotation.iterations;
  result.kurtosis = excess_kurtosis(white.samples, rotation.matrix, k);

  // For factors W F and L W⁻¹, for loadings W⁻ᵀ F and L Wᵀ.
  std::vector<double> of_factors = product(rotation.matrix, white.matrix, k);
  if (params.on == "loadings") of_factors = transposed(inverse(of_factors, k), k);

  std::vector<double> mixed(k * columns, 0.0), norm(k, 0.0);
  std::vector<std::size_t> order(k);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t p = 0; p < k; ++p) {
    double* const factor = &mixed[p * columns];
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t c = 0; c < columns; ++c) factor[c] += of_factors[p * k + j] * part.factors[j * columns + c];
    }
    const double* const largest =
        std::max_element(factor, factor + columns, [](double a, double b) { return std::abs(a) < std::abs(b); });
    norm[p] = std::sqrt(std::inner_product(factor, factor + columns, factor, 0.0));
    if (*largest < 0) norm[p] = -norm[p];
    for (std::size_t j = 0; j < k; ++j) of_factors[p * k + j] /= norm[p];
  }
  const std::vector<double> of_loadings = inverse(of_factors, k);  // positions: l · W⁻¹

  // Shares by the size of loadings · factor, the factors being of unit norm.
  std::vector<double> squares(k, 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    if (std::isnan(part.loadings[i * k])) continue;
    for (std::size_t p = 0; p < k; ++p) {
      double value = 0;
      for (std::size_t j = 0; j < k; ++j) value += part.loadings[i * k + j] * of_loadings[j * k + p];
      squares[p] += value * value;
    }
  }
  const double total = std::accumulate(squares.begin(), squares.end(), 0.0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return squares[a] > squares[b]; });

  const std::vector<double> kurtosis = result.kurtosis, agreement = result.agreement;
  for (std::size_t p = 0; p < k; ++p) {
    const std::size_t from = order[p];
    result.share.push_back(total > 0 ? squares[from] / total : 0.0);
    result.kurtosis[p] = kurtosis[from];
    result.agreement[p] = agreement[from];
    for (std::size_t j = 0; j < k; ++j) result.unmixing.push_back(of_factors[from * k + j]);
    for (std::size_t c = 0; c < columns; ++c) {
      double variance = 0;
      for (std::size_t j = 0; j < k; ++j) {
        variance += std::pow(of_factors[from * k + j] * part.factors_sigma[j * columns + c], 2);
      }
      result.factors.push_back(mixed[from * columns + c] / norm[from]);
      result.factors_sigma.push_back(std::sqrt(variance));
    }
  }
  result.loadings.resize(rows * k);
  result.loadings_sigma.resize(rows * k);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t p = 0; p < k; ++p) {
      double value = 0, variance = 0;
      for (std::size_t j = 0; j < k; ++j) {
        const double weight = of_loadings[j * k + order[p]];
        value += part.loadings[i * k + j] * weight;
        variance += std::pow(part.loadings_sigma[i * k + j] * weight, 2);
      }
      result.loadings[i * k + p] = value;
      result.loadings_sigma[i * k + p] = std::sqrt(variance);
    }
  }
  result.indistinct = about_cut_groups(principal, result.chosen);
  if (params.bootstrap > 0) repeat_ica(data, masks, params, principal, result, context);
  return result;
}

std::int64_t ica_memory(const Description& data, const IcaParams& params) {
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const PcaParams principal = principal_params(params);
  const std::int64_t components =
      std::min({positions, channels, principal.components.value_or(principal.scree_length)});
  const bool on_loadings = params.on == "loadings";
  const auto axes =
      static_cast<std::int64_t>(on_loadings ? data.navigation_shape().size() : data.signal_shape().size());
  const std::int64_t samples = (on_loadings ? positions : channels) * (1 + 2 * axes);  // before and after differences
  // Of JADE, while partial results are merged.
  const std::int64_t moments =
      params.algorithm == "jade" ? components * components * components * (components + 1) * 16 : 0;
  // The principal components with their noise, the chosen ones, the result.
  const std::int64_t once =
      pca_memory(data, principal) + 8 * components * (8 * (positions + channels) + samples) + 8 * moments;
  return params.bootstrap > 0 ? 2 * once + repeat_memory(data, components) : once;
}

std::int64_t ica_memory_per_worker(const Description& data, const IcaParams& params) {
  return pca_memory_per_worker(data, principal_params(params)) +
         (params.bootstrap > 0 ? repeat_memory_per_worker(data) : 0);
}

}  // namespace ruska::ops::unmix
