// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"

namespace ruska::ops::eels {

struct EdgeMapParams {
  std::vector<std::string> elements{};
  std::vector<std::string> edges{};
  double signal_width = 50.0;
  std::optional<double> background_width{};
  std::optional<double> margin{};
  double energy_shift = 0.0;
  std::optional<double> gain{};
};

/// `eels.edge_map`: counts of ionisation edges above a power-law background that is fitted before each edge and
/// extrapolated beneath it, with the standard deviation of counting and of the extrapolation.
const Operation& edge_map_operation();

}  // namespace ruska::ops::eels
