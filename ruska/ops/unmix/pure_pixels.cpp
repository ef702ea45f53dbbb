// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Cost: positions · components · (window² + components), the search for vertices included.
// Departure from the searches as published: points are the weighted spectra within the principal components, where
// noise is even; a spectrum is averaged with its neighbours first, since the search looks for extremes and noise makes
// extremes.
#include "ruska/ops/unmix/pure_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "ruska/base/random.hpp"
#include "ruska/ops/unmix/simplex_vertices.hpp"

namespace ruska::ops::unmix {
namespace {

/// Means over the window along the last two navigation axes, over the neighbours that are there and not masked.
struct Means {
  std::vector<double> loadings;    ///< NaN for masked positions
  std::vector<double> neighbours;  ///< how many were averaged
};
Means averaged(const std::vector<double>& loadings, std::size_t count, const Shape& navigation, std::int64_t window) {
  const std::int64_t width = navigation.empty() ? 1 : navigation.back();
  const std::int64_t height = navigation.size() < 2 ? 1 : navigation[navigation.size() - 2];
  const auto positions = static_cast<std::int64_t>(loadings.size() / count);
  const std::int64_t reach = window / 2;
  Means means{std::vector<double>(loadings.size(), std::nan("")),
              std::vector<double>(static_cast<std::size_t>(positions), 0.0)};
  std::vector<double> sum(count);
  for (std::int64_t p = 0; p < positions; ++p) {
    if (std::isnan(loadings[static_cast<std::size_t>(p) * count])) continue;
    const std::int64_t image = p / (width * height), y = p / width % height, x = p % width;
    std::fill(sum.begin(), sum.end(), 0.0);
    double neighbours = 0;
    for (std::int64_t v = std::max<std::int64_t>(0, y - reach); v <= std::min(height - 1, y + reach); ++v) {
      for (std::int64_t u = std::max<std::int64_t>(0, x - reach); u <= std::min(width - 1, x + reach); ++u) {
        const double* row = loadings.data() + static_cast<std::size_t>((image * height + v) * width + u) * count;
        if (std::isnan(row[0])) continue;
        for (std::size_t k = 0; k < count; ++k) sum[k] += row[k];
        neighbours += 1;
      }
    }
    means.neighbours[static_cast<std::size_t>(p)] = neighbours;
    for (std::size_t k = 0; k < count; ++k) {
      means.loadings[static_cast<std::size_t>(p) * count + k] = sum[k] / neighbours;
    }
  }
  return means;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<std::size_t> vertices_of(std::vector<double> points, std::size_t width, std::size_t asked,
                                     const PurePixelSearch& search) {
  switch (search.method) {
    case VertexSearch::vertex_components:
      return vertex_components(points, width, asked, static_cast<std::uint64_t>(search.seed),
                               static_cast<std::uint64_t>(search.start));
    case VertexSearch::largest_simplex: return largest_simplex(points, width, asked);
    case VertexSearch::successive_projections: break;
  }
  return successive_projections(std::move(points), width, asked);
}

/// Covariance of the mean coordinates at a position: how far counting statistics, or the noise of the principal
/// components, moves them. The coordinates are Σ_j x_j w_j² f_kj, w being the channels' weights and f the factors.
std::vector<double> covariance_of_mean(const PcaResult& denoised, const double* mean, double neighbours) {
  const auto count = static_cast<std::size_t>(denoised.components);
  const std::size_t channels = denoised.factors.size() / count;
  std::vector<double> covariance(count * count, 0.0);
  // Integers that a camera has scaled scatter more than counts.
  const double excess = std::max(1.0, denoised.noise_over_counts);
  for (std::size_t c = 0; c < channels; ++c) {
    double variance = 0;
    for (std::size_t k = 0; k < count; ++k) variance += mean[k] * denoised.factors[k * channels + c];
    variance *= excess * excess;
    if (!denoised.marginals.counts && !denoised.poisson_weighted) variance = denoised.noise * denoised.noise;
    const double weight = denoised.column_weight[c] * denoised.column_weight[c];
    const double scale = std::max(0.0, variance) * weight * weight / neighbours;
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t l = 0; l < count; ++l) {
        covariance[k * count + l] += scale * denoised.factors[k * channels + c] * denoised.factors[l * channels + c];
      }
    }
  }
  return covariance;
}

}  // namespace

PurePixels pure_pixels(const PcaResult& denoised, const Shape& navigation, const PurePixelSearch& search) {
  const auto count = static_cast<std::size_t>(denoised.components);
  const std::size_t channels = denoised.factors.size() / count;
  if (denoised.components < search.components) {
    throw Error(ErrorKind::invalid_argument, "a search for " + std::to_string(search.components) +
                                                 " pure positions needs as many principal components, not " +
                                                 std::to_string(denoised.components));
  }
  std::vector<double> factor_sum(count, 0.0);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t c = 0; c < channels; ++c) factor_sum[k] += denoised.factors[k * channels + c];
  }
  const Means averages = averaged(denoised.loadings, count, navigation, search.window);
  const std::vector<double>& means = averages.loadings;
  const std::size_t positions = means.size() / count;
  std::vector<double> total(positions, 0.0), filled;
  for (std::size_t p = 0; p < positions; ++p) {
    if (std::isnan(means[p * count])) continue;
    for (std::size_t k = 0; k < count; ++k) total[p] += means[p * count + k] * factor_sum[k];
    if (total[p] > 0) filled.push_back(total[p]);
  }
  const double least = search.least_counts * median(filled);
  const auto asked = static_cast<std::size_t>(search.components);
  std::vector<std::size_t> candidates, drawn;
  for (std::size_t p = 0; p < positions; ++p) {
    if (total[p] > 0 && total[p] >= least) candidates.push_back(p);
  }
  if (candidates.size() < asked) {
    throw Error(ErrorKind::invalid_argument,
                "only " + std::to_string(candidates.size()) + " positions hold enough signal for a search for " +
                    std::to_string(asked) + " components; ask for fewer, or start from random spectra");
  }
  for (const std::size_t p : candidates) {
    const std::string stream = "pure_pixels." + std::to_string(search.start);
    if (Random(static_cast<std::uint64_t>(search.seed), stream, p).uniform() < 0.5) drawn.push_back(p);
  }
  if (search.start > 0 && drawn.size() >= asked) candidates = std::move(drawn);

  // The weighted factors are orthonormal, so the loadings over the total are coordinates of the unit-sum spectra.
  std::vector<double> rows(candidates.size() * count);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (std::size_t k = 0; k < count; ++k)
      rows[i * count + k] = means[candidates[i] * count + k] / total[candidates[i]];
  }
  PurePixels found;
  for (const std::size_t vertex : vertices_of(std::move(rows), count, asked, search)) {
    found.positions.push_back(static_cast<std::int64_t>(candidates[vertex]));
  }

  found.spectra.assign(asked * channels, 0.0);
  found.sigma = found.spectra;
  const std::vector<double> of_factors = sigma_of_factors(denoised);
  for (std::size_t n = 0; n < asked; ++n) {
    const auto position = static_cast<std::size_t>(found.positions[n]);
    const double neighbours = averages.neighbours[position];
    double* spectrum = found.spectra.data() + n * channels;
    const double* loading = means.data() + position * count;
    const std::vector<double> covariance = covariance_of_mean(denoised, loading, neighbours);
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t k = 0; k < count; ++k) spectrum[c] += loading[k] * denoised.factors[k * channels + c];
      spectrum[c] = std::max(0.0, spectrum[c]);
      sum += spectrum[c];
    }
    found.signal.push_back(total[position] * neighbours);
    if (!(sum > 0)) continue;
    // Of a share s' = s / Σ s the error is δs' = (δs − s' Σ δs) / Σ s.
    std::vector<double> factor_variance(count, 0.0);
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t c = 0; c < channels; ++c) {
        factor_variance[k] += std::pow(of_factors[k * channels + c], 2);
      }
    }
    std::vector<double> slope(count);
    for (std::size_t c = 0; c < channels; ++c) {
      spectrum[c] /= sum;
      const double share = spectrum[c];
      double variance = 0;
      for (std::size_t k = 0; k < count; ++k) {
        const double own = std::pow(of_factors[k * channels + c], 2);
        variance += loading[k] * loading[k] * (own * (1 - 2 * share) + share * share * factor_variance[k]);
        slope[k] = denoised.factors[k * channels + c] - share * factor_sum[k];
      }
      for (std::size_t kl = 0; kl < count * count; ++kl) {
        variance += covariance[kl] * slope[kl / count] * slope[kl % count];
      }
      found.sigma[n * channels + c] = std::sqrt(std::max(0.0, variance)) / sum;
    }
  }
  return found;
}

}  // namespace ruska::ops::unmix
