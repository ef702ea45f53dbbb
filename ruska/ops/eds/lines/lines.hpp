// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"

namespace ruska::ops::eds {

struct LinesParams {
  std::vector<std::string> elements{};
  std::vector<std::string> lines{};
  double window = 2.0;
  double background_left = 2.0;
  double background_right = 2.0;
  double background_width = 1.0;
  std::optional<double> energy_resolution{};
  std::optional<double> beam_energy{};
  double significance = 5.0;
};

/// `eds.lines`: for each line and position the counts in a window over the line, less the background that two windows
/// beside it predict, and the standard deviation of that difference by counting statistics.
const Operation& lines_operation();

}  // namespace ruska::ops::eds
