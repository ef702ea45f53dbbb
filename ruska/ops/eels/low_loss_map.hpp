// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "ruska/base/random.hpp"
#include "ruska/core/dataset.hpp"
#include "ruska/core/metadata.hpp"

// Small low-loss maps of known thickness for the tests and examples of this family.
namespace ruska::ops::eels {

/// Low-loss spectra (y, x | 320 channels of 0.25 eV from −10 eV on) of a material with one plasmon at 15 eV: Gaussian
/// zero-loss peak of 1 eV at `zero` eV, which drifts by `drift` eV per column; Poisson counts, `counts` altogether per
/// spectrum before the axis cuts some off.
inline Dataset low_loss_map(std::int64_t height, std::int64_t width, double thickness, double counts, double zero = 0.1,
                            double drift = 0.07) {
  Description description;
  description.title = "low loss";
  description.signal_type = "EELS";
  description.axes = {{.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = height},
                      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = width},
                      {.name = "Energy loss",
                       .quantity = "energy",
                       .units = "eV",
                       .role = Role::signal,
                       .size = 320,
                       .scale = 0.25,
                       .offset = -10.0}};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Acquisition_instrument.TEM.convergence_angle", 10.0);
  set(description.metadata, "Acquisition_instrument.TEM.Detector.EELS.collection_angle", 20.0);
  std::vector<std::uint16_t> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    Random random(5, "low loss map", static_cast<std::uint64_t>(p));
    const double centre = zero + drift * static_cast<double>(p % width);
    for (std::int64_t e = 0; e < 320; ++e) {
      const double loss = description.axes[2].at(static_cast<double>(e));
      double mean = 0, order = std::exp(-thickness);  // Poisson weights of n-fold scattering
      for (int n = 0; n < 6; ++n) {
        const double sigma = std::sqrt(0.4247 * 0.4247 + 1.2 * 1.2 * n);
        const double z = (loss - centre - 15.0 * n) / sigma;
        mean += counts * order * 0.25 / (sigma * std::sqrt(2.0 * M_PI)) * std::exp(-0.5 * z * z);
        order *= thickness / (n + 1);
      }
      values.push_back(static_cast<std::uint16_t>(random.poisson(mean)));
    }
  }
  return Dataset::from_values<std::uint16_t>(std::move(description), values);
}

}  // namespace ruska::ops::eels
