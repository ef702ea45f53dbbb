// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/axis.hpp"

namespace ruska::report {

/// Positions on a scale with the text at each.
struct Tick {
  double position = 0;
  std::string text;  ///< empty for a tick without text
};

/// Multiples of 1, 2 or 5 times a power of ten within [low, high], about `wanted` of them.
std::vector<Tick> linear_ticks(double low, double high, int wanted);
/// Round values within [low, high] that lie about evenly on a scale of signed square roots.
std::vector<Tick> root_ticks(double low, double high, int wanted);
/// Powers of ten within [low, high] with text, and their 2…9-fold without; where there is less than one decade,
/// linear ticks. 0 < low < high.
std::vector<Tick> logarithmic_ticks(double low, double high);

/// A scale bar: 1, 2 or 5 times a power of ten, the longest that is no longer than `fraction` of the width.
struct ScaleBar {
  double pixels = 0;  ///< length in pixels of the map
  std::string text;   ///< "200 nm"
};

/// Lengths are told in pm, nm, µm, mm or m, whichever needs the fewest digits; other units as they are. An axis
/// without a unit counts pixels when its scale is whole (1, or the pixels of a block); none where `scale` is not finite
/// and above 0.
std::optional<ScaleBar> scale_bar(const Axis& x, double fraction);

/// Height of a pixel over its width on the page: the ratio of the scales when both axes have the same unit, else 1.
double pixel_aspect(const Axis& y, const Axis& x);

}  // namespace ruska::report
