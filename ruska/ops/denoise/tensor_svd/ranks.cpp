// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/denoise/tensor_svd/ranks.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ruska/math/noise_edge.hpp"

namespace ruska::ops::denoise {
namespace {

constexpr int most_rounds = 20;
constexpr double float_resolution = 1e-6;  // of the data's norm: smaller singular values are rounding of float32

std::size_t product_except(const std::vector<std::size_t>& ranks, std::size_t mode) {
  std::size_t product = 1;
  for (std::size_t k = 0; k < ranks.size(); ++k) product *= k == mode ? 1 : ranks[k];
  return product;
}

/// Lowers ranks that exceed the product of the others.
void make_possible(std::vector<std::size_t>& ranks) {
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t k = 0; k < ranks.size(); ++k) {
      const std::size_t most = product_except(ranks, k);
      if (ranks[k] <= most) continue;
      ranks[k] = most;
      changed = true;
    }
  }
}

/// Noise that each component of a mode sees, relative to the average: Σ_i v_ri² profile_i.
std::vector<double> seen_noise(const CompressedTensor& tensor, const std::vector<double>& factor, std::size_t rank,
                               std::size_t mode, const NoiseProfile& noise) {
  const std::vector<double>& profile = noise.profile[mode];
  const bool last = mode + 1 == tensor.compressed.shape.size();
  const std::size_t length = tensor.compressed.shape[mode], n = profile.size();
  std::vector<double> seen(rank, 0.0), vector(n);
  for (std::size_t r = 0; r < rank; ++r) {
    const double* row = factor.data() + r * length;
    if (last) {
      std::fill(vector.begin(), vector.end(), 0.0);
      for (std::size_t l = 0; l < length; ++l) {
        for (std::size_t i = 0; i < n; ++i) vector[i] += row[l] * tensor.basis[l * n + i];
      }
      row = vector.data();
    }
    for (std::size_t i = 0; i < n; ++i) seen[r] += row[i] * row[i] * profile[i];
  }
  return seen;
}

/// Numbers that a Tucker decomposition of these ranks is free to choose.
double degrees_of_freedom(const NoiseProfile& noise, const std::vector<std::size_t>& ranks) {
  double freedom = 1;
  for (const std::size_t rank : ranks) freedom *= static_cast<double>(rank);
  for (std::size_t k = 0; k < ranks.size(); ++k) {
    const auto rank = static_cast<double>(ranks[k]), n = static_cast<double>(noise.profile[k].size());
    freedom += rank * std::max(0.0, n - rank);
  }
  return freedom;
}

}  // namespace

double noise_variance(const NoiseProfile& noise, double captured, const std::vector<std::size_t>& ranks) {
  const double freedom = degrees_of_freedom(noise, ranks);
  const double left = std::max(0.0, noise.sum_of_squares - captured);
  return noise.elements > freedom ? left / (noise.elements - freedom) : 0.0;
}

double noise_in_fit(const NoiseProfile& noise, double captured, const std::vector<std::size_t>& ranks) {
  return noise_variance(noise, captured, ranks) * degrees_of_freedom(noise, ranks);
}

double threshold_of_mode(const CompressedTensor& tensor, const std::vector<std::vector<double>>& factors,
                         const std::vector<std::size_t>& ranks, std::size_t mode, const NoiseProfile& noise,
                         double variance) {
  // The columns of the unfolding are components of the other modes, and differ in noise. As many columns of one
  // variance have the same total and the same sum of squares.
  double sum = 1, squares = 1;
  for (std::size_t k = 0; k < ranks.size(); ++k) {
    if (k == mode) continue;
    const std::vector<double> seen = seen_noise(tensor, factors[k], ranks[k], k, noise);
    sum *= std::accumulate(seen.begin(), seen.end(), 0.0);
    squares *= std::transform_reduce(seen.begin(), seen.end(), 0.0, std::plus<>(), [](double v) { return v * v; });
  }
  const double floor = float_resolution * std::sqrt(noise.sum_of_squares);
  if (!(sum > 0)) return floor;
  std::vector<double> rows = noise.profile[mode];
  for (double& value : rows) value *= variance * squares / sum;
  return std::max(floor, math::singular_value_threshold(rows, sum * sum / squares));
}

ChosenRanks choose_ranks(const CompressedTensor& tensor, const NoiseProfile& noise, std::size_t most) {
  const math::Tensor& compressed = tensor.compressed;
  const std::size_t modes = compressed.shape.size();
  std::vector<std::size_t> kept(modes), ranks(modes);
  for (std::size_t k = 0; k < modes; ++k) {
    kept[k] = std::min(most, compressed.shape[k]);
    // Half of a mode at most, so that something is left to tell the noise by.
    ranks[k] = std::min(most, std::max<std::size_t>(1, compressed.shape[k] / 2));
  }
  make_possible(ranks);
  std::vector<std::vector<double>> factors = math::sequential_hosvd(compressed, kept).factors;
  double captured = math::project_except(compressed, factors, ranks, modes).sum_of_squares();
  for (int round = 0; round < most_rounds; ++round) {
    const std::vector<std::size_t> before = ranks;
    const double variance = noise_variance(noise, captured, ranks);
    for (std::size_t k = 0; k < modes; ++k) {
      math::LeftVectors left = math::left_vectors(math::project_except(compressed, factors, ranks, k), k, kept[k]);
      const double threshold = threshold_of_mode(tensor, factors, ranks, k, noise, variance);
      const auto above = std::count_if(left.singular_values.begin(), left.singular_values.end(),
                                       [&](double value) { return value > threshold; });
      factors[k] = std::move(left.vectors);
      ranks[k] = std::clamp<std::size_t>(static_cast<std::size_t>(above), 1, kept[k]);
    }
    make_possible(ranks);
    captured = math::project_except(compressed, factors, ranks, modes).sum_of_squares();
    if (ranks == before && round > 0) break;
  }
  for (std::size_t k = 0; k < modes; ++k) factors[k].resize(ranks[k] * compressed.shape[k]);
  return {std::move(ranks), std::move(factors)};
}

}  // namespace ruska::ops::denoise
