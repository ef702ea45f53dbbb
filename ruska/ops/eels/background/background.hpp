// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::eels {

struct BackgroundParams {
  std::optional<std::string> edge{};
  std::optional<double> from{};
  std::optional<double> to{};
  std::optional<double> background_width{};
  std::optional<double> margin{};
  double energy_shift = 0.0;
  std::string model = "power_law";
  double smoothing = 0.0;
  std::optional<double> gain{};
};

/// `eels.background`: the background A E⁻ʳ (or exponential) of every spectrum, fitted in a window before an edge by
/// quasi-likelihood of counts, and the spectra without it, with the standard deviation of both.
const Operation& background_operation();

}  // namespace ruska::ops::eels
