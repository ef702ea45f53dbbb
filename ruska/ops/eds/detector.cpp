// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/detector.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <xraylib/xraylib.h>

namespace ruska::ops::eds {

namespace {

constexpr int silicon = 14;

double transmission(int z, double density, double centimetres, double energy) {
  return std::exp(-CS_Total(z, energy, nullptr) * density * centimetres);
}

}  // namespace

void add_peak(std::span<double> spectrum, const EnergyAxis& axis, double energy, double width, double area) {
  const double sigma = width / (2.0 * std::sqrt(2.0 * std::numbers::ln2));
  const auto size = static_cast<double>(spectrum.size());
  const double first = std::floor(axis.channel(energy - 5.0 * sigma) + 0.5);
  const double last = std::floor(axis.channel(energy + 5.0 * sigma) + 0.5);
  if (!(last >= 0.0) || !(first < size)) return;
  const auto from = static_cast<std::size_t>(std::max(first, 0.0));
  const auto to = static_cast<std::size_t>(std::min(last, size - 1.0));
  const double factor = 1.0 / (sigma * std::numbers::sqrt2);
  double below = std::erf((axis.at(static_cast<double>(from) - 0.5) - energy) * factor);
  for (std::size_t channel = from; channel <= to; ++channel) {
    const double above = std::erf((axis.at(static_cast<double>(channel) + 0.5) - energy) * factor);
    spectrum[channel] += 0.5 * area * (above - below);
    below = above;
  }
}

double escape_fraction(double energy) {
  const double jump = JumpFactor(silicon, K_SHELL, nullptr);
  if (energy <= EdgeEnergy(silicon, K_SHELL, nullptr)) return 0.0;
  const double ratio = CS_Total(silicon, energy, nullptr) / CS_Total(silicon, escape_energy, nullptr);
  return 0.5 * FluorYield(silicon, K_SHELL, nullptr) * (1.0 - 1.0 / jump) * (1.0 - std::log1p(ratio) / ratio);
}

double polymer_window_efficiency(double energy) {
  if (!(energy > 0.05)) return 0.0;  // nothing softer passes the window, and the tables end at 0.1 keV
  const double e = std::max(energy, 0.1001);
  return transmission(6, 1.4, 300e-7, e) * transmission(13, 2.70, 40e-7, e) * windowless_efficiency(e);
}

double windowless_efficiency(double energy) {
  if (!(energy > 0.05)) return 0.0;
  const double e = std::max(energy, 0.1001);
  return transmission(silicon, 2.33, 100e-7, e) * (1.0 - transmission(silicon, 2.33, 0.045, e));
}

}  // namespace ruska::ops::eds
