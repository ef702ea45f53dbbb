// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Successive projections: the row of the largest norm is a vertex of the simplex that unit-sum spectra fill; projecting
// all rows on the complement of the vertices found and repeating finds the others. Araújo et al., Chemom. Intell. Lab.
// Syst. 57, 65 (2001); its error grows linearly with the noise: Gillis and Vavasis, IEEE Trans. PAMI 36, 698 (2014).
// Cost: positions · components · (window² + components).
// Departure: norms are those of the weighted spectra within the principal components, where noise is even; a spectrum
// is averaged with its neighbours first, since the search looks for extremes and noise makes extremes.
#include "ruska/ops/unmix/pure_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "ruska/base/random.hpp"

namespace ruska::ops::unmix {
namespace {

/// Means over the window along the last two navigation axes, over the neighbours that are there and not masked.
std::vector<double> averaged(const std::vector<double>& loadings, std::size_t count, const Shape& navigation,
                             std::int64_t window) {
  const std::int64_t width = navigation.empty() ? 1 : navigation.back();
  const std::int64_t height = navigation.size() < 2 ? 1 : navigation[navigation.size() - 2];
  const auto positions = static_cast<std::int64_t>(loadings.size() / count);
  const std::int64_t reach = window / 2;
  std::vector<double> means(loadings.size(), std::nan(""));
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
    for (std::size_t k = 0; k < count; ++k) means[static_cast<std::size_t>(p) * count + k] = sum[k] / neighbours;
  }
  return means;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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
  const std::vector<double> means = averaged(denoised.loadings, count, navigation, search.window);
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
  std::vector<std::uint8_t> taken(candidates.size(), 0);
  for (std::int64_t n = 0; n < search.components; ++n) {
    std::size_t best = candidates.size();
    double best_norm = -1;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      double norm = 0;
      for (std::size_t k = 0; k < count; ++k) norm += rows[i * count + k] * rows[i * count + k];
      if (taken[i] == 0 && norm > best_norm) {
        best_norm = norm;
        best = i;
      }
    }
    taken[best] = 1;
    found.positions.push_back(static_cast<std::int64_t>(candidates[best]));
    if (!(best_norm > 0)) continue;
    const std::vector<double> direction(rows.begin() + static_cast<std::ptrdiff_t>(best * count),
                                        rows.begin() + static_cast<std::ptrdiff_t>((best + 1) * count));
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      double along = 0;
      for (std::size_t k = 0; k < count; ++k) along += rows[i * count + k] * direction[k];
      for (std::size_t k = 0; k < count; ++k) rows[i * count + k] -= along / best_norm * direction[k];
    }
  }

  found.spectra.assign(static_cast<std::size_t>(search.components) * channels, 0.0);
  for (std::size_t n = 0; n < found.positions.size(); ++n) {
    double* spectrum = found.spectra.data() + n * channels;
    const double* loading = means.data() + static_cast<std::size_t>(found.positions[n]) * count;
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t k = 0; k < count; ++k) spectrum[c] += loading[k] * denoised.factors[k * channels + c];
      spectrum[c] = std::max(0.0, spectrum[c]);
      sum += spectrum[c];
    }
    for (std::size_t c = 0; sum > 0 && c < channels; ++c) spectrum[c] /= sum;
  }
  return found;
}

}  // namespace ruska::ops::unmix
