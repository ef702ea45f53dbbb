// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "ruska/base/random.hpp"
#include "ruska/core/dataset.hpp"

// Small spectrum images for the tests of this family.
namespace ruska::ops::unmix {

/// A map (y, x | channel) of the given values.
template <class T>
Dataset small_map(std::int64_t height, std::int64_t width, std::int64_t channels, const std::vector<T>& values) {
  Description description;
  description.title = "small map";
  description.axes = {Axis{.name = "y", .role = Role::navigation, .size = height},
                      Axis{.name = "x", .role = Role::navigation, .size = width},
                      Axis{.name = "Energy", .units = "keV", .role = Role::signal, .size = channels}};
  return Dataset::from_values<T>(std::move(description), values);
}

/// Poisson counts of mixtures of `components` overlapping peaks; the left columns of pixels are purest.
inline std::vector<std::uint16_t> mixed_counts(std::int64_t height, std::int64_t width, std::int64_t channels,
                                               int components, double counts, std::uint64_t seed) {
  std::vector<double> spectra(static_cast<std::size_t>(components * channels));
  for (std::int64_t k = 0; k < components; ++k) {
    double* spectrum = spectra.data() + k * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const double distance = static_cast<double>(c) - (static_cast<double>(k) + 0.5) * static_cast<double>(channels) /
                                                           static_cast<double>(components);
      spectrum[c] = 0.02 + std::exp(-distance * distance / 8);
    }
    const double sum = std::accumulate(spectrum, spectrum + channels, 0.0);
    for (std::int64_t c = 0; c < channels; ++c) spectrum[c] /= sum;
  }
  std::vector<std::uint16_t> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    // Component p mod K dominates; how much falls along x.
    const double purity = 1 - 0.5 * static_cast<double>(p % width) / static_cast<double>(width);
    for (std::int64_t c = 0; c < channels; ++c) {
      double mean = 0;
      for (std::int64_t k = 0; k < components; ++k) {
        const double share = k == p / width % components ? purity : (1 - purity) / std::max(1, components - 1);
        mean += counts * share * spectra[static_cast<std::size_t>(k * channels + c)];
      }
      const auto element = static_cast<std::uint64_t>(p * channels + c);
      values.push_back(static_cast<std::uint16_t>(Random(seed, "mixed_counts", element).poisson(mean)));
    }
  }
  return values;
}

}  // namespace ruska::ops::unmix
