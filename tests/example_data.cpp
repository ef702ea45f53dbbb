// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/example_data.hpp"

#include <cmath>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"

namespace ruska {
namespace {

/// Unit-sum spectrum of Gaussian lines at the given energies (keV) on a falling background.
std::vector<double> spectrum(const Axis& energy, const std::vector<std::pair<double, double>>& lines) {
  std::vector<double> values(static_cast<std::size_t>(energy.size));
  double sum = 0;
  for (std::int64_t e = 0; e < energy.size; ++e) {
    const double at = energy.at(static_cast<double>(e));
    double value = at > 0.1 ? 0.02 * std::exp(-at / 4) : 0;
    for (const auto& [line, weight] : lines) value += weight * std::exp(-0.5 * std::pow((at - line) / 0.07, 2));
    values[static_cast<std::size_t>(e)] = value;
    sum += value;
  }
  for (double& value : values) value /= sum;
  return values;
}

}  // namespace

Dataset example_spectrum_image(std::int64_t height, std::int64_t width, std::int64_t channels,
                               double counts_per_spectrum) {
  Description description;
  description.title = "two phases";
  description.signal_type = "EDS_TEM";
  description.axes = {
      {.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = height, .scale = 2.0},
      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = width, .scale = 2.0},
      {.name = "Energy",
       .quantity = "energy",
       .units = "keV",
       .role = Role::signal,
       .size = channels,
       .scale = 12.0 / static_cast<double>(channels),
       .offset = 0.0}};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Signal.signal_type", description.signal_type);
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Acquisition_instrument.TEM.Detector.EDS.energy_resolution_MnKa", 130.0);
  set(description.metadata, "Sample.elements", Json::array({"Fe", "Ti"}));

  const std::vector<double> iron = spectrum(description.axes[2], {{6.404, 1.0}, {7.058, 0.13}, {0.705, 0.3}});
  const std::vector<double> titanium = spectrum(description.axes[2], {{4.511, 1.0}, {4.932, 0.13}});
  std::vector<std::uint16_t> counts;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const std::vector<double>& pure = p % width < width / 2 ? iron : titanium;
    for (std::int64_t e = 0; e < channels; ++e) {
      Random random(7, "example", static_cast<std::uint64_t>(p * channels + e));
      counts.push_back(
          static_cast<std::uint16_t>(random.poisson(counts_per_spectrum * pure[static_cast<std::size_t>(e)])));
    }
  }
  return Dataset::from_values<std::uint16_t>(std::move(description), counts);
}

Dataset example_scan(std::int64_t height, std::int64_t width, std::int64_t frame_height, std::int64_t frame_width) {
  Description description;
  description.title = "discs";
  description.axes = {
      {.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = height, .scale = 0.5},
      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = width, .scale = 0.5},
      {.name = "ky", .units = "1/nm", .role = Role::signal, .size = frame_height, .scale = 0.25, .offset = -3},
      {.name = "kx", .units = "1/nm", .role = Role::signal, .size = frame_width, .scale = 0.25, .offset = -2.5}};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  const double radius = static_cast<double>(std::min(frame_height, frame_width)) / 5;
  std::vector<std::uint16_t> counts;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const double center_y = static_cast<double>(frame_height) / 2 + 0.5 * std::sin(static_cast<double>(p));
    const double center_x = static_cast<double>(frame_width) / 2 + 0.5 * std::cos(static_cast<double>(p));
    for (std::int64_t i = 0; i < frame_height * frame_width; ++i) {
      const double distance =
          std::hypot(static_cast<double>(i / frame_width) - center_y, static_cast<double>(i % frame_width) - center_x);
      Random random(7, "example scan", static_cast<std::uint64_t>(p * frame_height * frame_width + i));
      const double dark_field = p % width < width / 2 ? 0.05 : 0.3;
      counts.push_back(static_cast<std::uint16_t>(random.poisson(distance <= radius ? 12.0 : dark_field)));
    }
  }
  return Dataset::from_values<std::uint16_t>(std::move(description), counts);
}

}  // namespace ruska
