// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/lattice_scan.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "ruska/base/random.hpp"

namespace ruska::golden {

LatticeScan::LatticeScan(bool dislocation) {
  using Complex = std::complex<double>;
  constexpr std::size_t pixels = detector * detector, positions = scan * scan;
  constexpr double strength[] = {1, 0.45, 0.25}, spacing = 7, radius = 6.5, width = 0.35;
  std::vector<Complex> disc(9 * pixels);
  for (int g = 0; g < 9; ++g) {
    const int h = g / 3 - 1, l = g % 3 - 1, order = std::abs(h) + std::abs(l);
    for (std::size_t p = 0; p < pixels; ++p) {
      const double ky = static_cast<double>(p / detector) - (detector - 1) / 2.0 - spacing * h;
      const double kx = static_cast<double>(p % detector) - (detector - 1) / 2.0 - spacing * l;
      const double k = std::hypot(ky, kx);
      disc[static_cast<std::size_t>(g) * pixels + p] =
          std::polar(strength[order], 0.9 * order + 0.012 * k * k) / (1 + std::exp((k - radius) / width));
    }
  }
  intensity.resize(positions * pixels);
  double sum = 0;
  std::vector<Complex> wave(pixels);
  for (std::size_t r = 0; r < positions; ++r) {
    const auto y = static_cast<double>(r / scan), x = static_cast<double>(r % scan);
    const double theta = dislocation ? std::atan2(y - 47.3, x - 48.7) : 0.0;
    std::fill(wave.begin(), wave.end(), 0.0);
    for (int g = 0; g < 9; ++g) {
      const int h = g / 3 - 1, l = g % 3 - 1;
      const Complex phase = std::polar(1.0, 2 * std::numbers::pi * (h * y + l * x) / 12 + l * theta);
      for (std::size_t p = 0; p < pixels; ++p) wave[p] += phase * disc[static_cast<std::size_t>(g) * pixels + p];
    }
    for (std::size_t p = 0; p < pixels; ++p) sum += intensity[r * pixels + p] = std::norm(wave[p]);
  }
  for (double& value : intensity) value *= static_cast<double>(intensity.size()) / sum;
}

double LatticeScan::largest() const { return *std::max_element(intensity.begin(), intensity.end()); }

Dataset LatticeScan::draw(double dose, std::uint64_t seed) const {
  Description description;
  description.title = "lattice scan";
  description.axes = {
      {.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = scan, .scale = 0.03},
      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = scan, .scale = 0.03},
      {.name = "ky", .units = "1/nm", .role = Role::signal, .size = detector, .scale = 0.4},
      {.name = "kx", .units = "1/nm", .role = Role::signal, .size = detector, .scale = 0.4}};
  std::vector<std::uint16_t> counts(intensity.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] = static_cast<std::uint16_t>(Random(seed, "lattice_scan", i).poisson(dose * intensity[i]));
  }
  return Dataset::from_values<std::uint16_t>(description, counts);
}

double LatticeScan::peak_signal_to_noise(const std::vector<double>& values, double dose) const {
  double squares = 0;
  for (std::size_t i = 0; i < intensity.size(); ++i) {
    const double error = values[i] / dose - intensity[i];
    squares += error * error;
  }
  return 10 * std::log10(largest() * largest() * static_cast<double>(intensity.size()) / squares);
}

}  // namespace ruska::golden
