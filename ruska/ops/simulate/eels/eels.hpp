// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::simulate {

struct EelsParams {
  std::string phantom = "spheres";
  std::int64_t x = 16;
  std::int64_t y = 16;
  double thickness = 0.5;
  double dispersion = 0.5;
  std::optional<double> offset{};
  std::int64_t energy_channels = 1600;
  std::optional<double> low_loss_dispersion{};
  double low_loss_offset = -20.0;
  std::int64_t low_loss_channels = 512;
  double electrons = 1e8;
  double low_loss_electrons = 1e6;
  double resolution = 1.0;
  double drift = 0.0;
  double beam_energy = 200.0;
  double convergence_angle = 10.0;
  double collection_angle = 20.0;
  double background_exponent = 3.0;
  double gain = 1.0;
  double point_spread = 0.0;
  double readout_noise = 0.0;
  double peak_fraction = 0.8;
  std::int64_t seed = 0;
};

/// `simulate.eels`: core-loss and low-loss spectra of a phantom, Poisson's law of plural scattering and Poisson counts
/// seen by a camera, with the truth beside them.
const Operation& eels_operation();

}  // namespace ruska::ops::simulate
