// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/u1_u2.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <xraylib.h>

#include "ruska/base/random.hpp"

namespace ruska::golden {
namespace {

constexpr double copper = 0.05;
const Material matrix{{12, .245}, {26, .035}, {20, .031}, {14, .219}, {13, .024}, {8, .436}, {29, copper}};
const Material first_sphere{{12, .522}, {26, .104}, {8, .374}, {29, copper}};
const Material second_sphere{{12, .020}, {26, .018}, {20, .188}, {14, .173}, {13, .010}, {8, .572}, {29, copper}};

void add_line(std::vector<double>& spectrum, double channel_width, double energy, double weight) {
  if (!(energy > 0)) return;  // xraylib's word for a line that the element does not have
  const double full_width = std::sqrt(2.5 * (energy - 5.8987) * 1000 + 130.0 * 130.0) / 1000;
  const double sigma = full_width / (2 * std::sqrt(2 * std::log(2.0)));
  for (std::size_t c = 0; c < spectrum.size(); ++c) {
    const double at = (static_cast<double>(c) + 0.5) * channel_width;
    spectrum[c] += weight * std::exp(-0.5 * (at - energy) * (at - energy) / (sigma * sigma)) / sigma;
  }
}

void scale_to(std::vector<double>& values, double sum) {
  const double have = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value *= sum / have;
}

}  // namespace

std::vector<double> spectrum_of(const Material& material, std::size_t channels, double channel_width) {
  std::vector<double> lines(channels, 0.0), background(channels);
  for (const auto& [z, weight] : material) {
    add_line(lines, channel_width, LineEnergy(z, KA_LINE, nullptr), weight);
    add_line(lines, channel_width, LineEnergy(z, KB_LINE, nullptr), weight * 0.13);
    if (z == 26) add_line(lines, channel_width, LineEnergy(z, LA_LINE, nullptr), weight * 0.3);
    if (z == 29) add_line(lines, channel_width, LineEnergy(z, LA_LINE, nullptr), weight * 0.4);
  }
  for (std::size_t c = 0; c < channels; ++c) {
    const double energy = (static_cast<double>(c) + 0.5) * channel_width;
    background[c] = (15 - energy) / energy * (1 - std::exp(-(energy / 0.6) * (energy / 0.6)));
  }
  scale_to(lines, 0.8);
  scale_to(background, 0.2);
  for (std::size_t c = 0; c < channels; ++c) lines[c] += background[c];
  return lines;
}

namespace {

TwoSpheres make(std::int64_t edge, std::int64_t channels, double channel_width, double radius, double peak_fraction,
                double counts, const double (&first_centre)[2], const double (&second_centre)[2]) {
  TwoSpheres phantom{edge, channels, channel_width, counts, {}, {}};
  for (const Material* material : {&matrix, &first_sphere, &second_sphere}) {
    const std::vector<double> spectrum = spectrum_of(*material, static_cast<std::size_t>(channels), channel_width);
    phantom.spectra.insert(phantom.spectra.end(), spectrum.begin(), spectrum.end());
  }
  const auto profile = [&](const double(&centre)[2], std::int64_t y, std::int64_t x) {
    const double dy = static_cast<double>(y) - centre[0], dx = static_cast<double>(x) - centre[1];
    return peak_fraction * std::sqrt(std::max(0.0, 1 - (dy * dy + dx * dx) / (radius * radius)));
  };
  for (std::int64_t y = 0; y < edge; ++y) {
    for (std::int64_t x = 0; x < edge; ++x) {
      const double first = profile(first_centre, y, x), second = profile(second_centre, y, x);
      // Where the spheres overlap they may fill more than the whole.
      const double spheres = first + second, scale = std::max(1.0, spheres);
      phantom.fractions.insert(phantom.fractions.end(), {std::max(0.0, 1 - spheres), first / scale, second / scale});
    }
  }
  return phantom;
}

}  // namespace

std::vector<double> TwoSpheres::expected() const {
  std::vector<double> values(static_cast<std::size_t>(positions() * channels), 0.0);
  for (std::size_t p = 0; p < static_cast<std::size_t>(positions()); ++p) {
    double* row = values.data() + p * static_cast<std::size_t>(channels);
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
        row[c] += counts * fractions[p * 3 + k] * spectra[k * static_cast<std::size_t>(channels) + c];
      }
    }
  }
  return values;
}

Dataset TwoSpheres::draw(std::uint64_t seed) const {
  const std::vector<double> mean = expected();
  std::vector<std::uint16_t> values(mean.size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    values[i] = static_cast<std::uint16_t>(Random(seed, "two_spheres", i).poisson(mean[i]));
  }
  Description description;
  description.title = "two spheres";
  description.signal_type = "EDS_TEM";
  description.axes = {Axis{.name = "y", .role = Role::navigation, .size = edge},
                      Axis{.name = "x", .role = Role::navigation, .size = edge},
                      Axis{.name = "Energy",
                           .quantity = "energy",
                           .units = "keV",
                           .role = Role::signal,
                           .size = channels,
                           .scale = channel_width,
                           .offset = channel_width / 2}};
  return Dataset::from_values<std::uint16_t>(std::move(description), values);
}

TwoSpheres u1() { return make(128, 1024, 0.010, 25, 0.8, 293, {50, 50}, {75, 82}); }

TwoSpheres u2(double peak_fraction, double counts) {
  return make(64, 512, 0.020, 12.5, peak_fraction, counts, {25, 25}, {37, 41});
}

namespace {

constexpr std::size_t materials = 3;

/// The least total cost over all ways to give each material one of `found` results, and the way.
template <class Cost>
std::vector<std::size_t> best_match(std::size_t found, const Cost& cost) {
  std::vector<std::size_t> order(std::max(found, materials)), best;
  std::iota(order.begin(), order.end(), std::size_t{0});
  double least = 0;
  do {
    double sum = 0;
    for (std::size_t material = 0; material < materials; ++material) sum += cost(order[material], material);
    if (!best.empty() && sum >= least) continue;
    least = sum;
    best = order;
  } while (std::next_permutation(order.begin(), order.end()));
  best.resize(materials);
  return best;
}

}  // namespace

double mean_abundance_error(const TwoSpheres& truth, const std::vector<double>& estimate) {
  const auto positions = static_cast<std::size_t>(truth.positions());
  const std::size_t found = estimate.size() / positions;
  std::vector<double> errors(std::max(found, materials) * materials);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const std::size_t k = i / materials, material = i % materials;
    for (std::size_t p = 0; p < positions; ++p) {
      const double have = k < found ? estimate[k * positions + p] : 0.0;
      errors[i] += std::fabs(have - truth.fractions[p * materials + material]);
    }
    errors[i] /= static_cast<double>(positions * materials);
  }
  const auto cost = [&](std::size_t k, std::size_t material) { return errors[k * materials + material]; };
  const std::vector<std::size_t> match = best_match(found, cost);
  double sum = 0;
  for (std::size_t material = 0; material < materials; ++material) sum += cost(match[material], material);
  return sum;
}

std::vector<double> spectral_angles(const TwoSpheres& truth, const std::vector<double>& found) {
  const auto channels = static_cast<std::size_t>(truth.channels);
  const std::size_t count = found.size() / channels;
  const auto angle = [&](std::size_t k, std::size_t material) {
    if (k >= count) return 90.0;
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      const double a = found[k * channels + c], b = truth.spectra[material * channels + c];
      ab += a * b;
      aa += a * a;
      bb += b * b;
    }
    return aa > 0 ? std::acos(std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0)) * 180 / std::numbers::pi : 90.0;
  };
  const std::vector<std::size_t> match = best_match(count, angle);
  std::vector<double> angles;
  for (std::size_t material = 0; material < materials; ++material) angles.push_back(angle(match[material], material));
  return angles;
}

}  // namespace ruska::golden
