// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::eels {

struct DeconvolveParams {
  std::string method = "auto";
  std::string zero_loss_rule = "reflected";
  std::optional<double> cut{};
  std::optional<double> resolution{};
  std::int64_t iterations = 15;
  bool stop_at_noise = true;
  std::optional<double> gain{};
};

/// `eels.deconvolve`: takes plural scattering out of energy-loss spectra, by Fourier-log (low losses), Fourier-ratio
/// (core losses by their low losses) or Richardson-Lucy deconvolution.
const Operation& deconvolve_operation();

}  // namespace ruska::ops::eels
