// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "tests/example_data.hpp"

namespace ruska::ops::tomo {

/// Counts of a disc of varying height that turns off the axis, (tilt, y, x).
Inputs reconstruct_example() {
  constexpr std::int64_t tilts = 12, height = 18, width = 12;
  Description description;
  description.title = "tilt series";
  description.axes = {{.name = "tilt",
                       .quantity = "angle",
                       .units = "°",
                       .role = Role::navigation,
                       .size = tilts,
                       .scale = 15,
                       .offset = -90},
                      {.name = "y", .units = "nm", .role = Role::signal, .size = height, .scale = 2},
                      {.name = "x", .units = "nm", .role = Role::signal, .size = width, .scale = 2}};
  std::vector<std::uint16_t> counts;
  for (std::int64_t t = 0; t < tilts; ++t) {
    const double angle = (-90 + 15.0 * static_cast<double>(t)) / 180 * std::numbers::pi;
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const double middle = 5.5 + 2 * std::cos(angle), distance = (static_cast<double>(x) - middle) / 3;
        const double chord = distance * distance < 1 ? std::sqrt(1 - distance * distance) : 0;
        counts.push_back(static_cast<std::uint16_t>(std::lround(20 * chord * (1 + static_cast<double>(y % 5)))));
      }
    }
  }
  return {{"data", Dataset::from_values<std::uint16_t>(std::move(description), counts)}};
}

}  // namespace ruska::ops::tomo
