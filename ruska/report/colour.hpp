// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "ruska/report/figure.hpp"

namespace ruska::report {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

using ColourMap = std::array<Colour, 256>;

/// Sequential: viridis (Smith & van der Walt, matplotlib 2015). Uncertainty: cividis (Nuñez, Anderton & Renslow, PLoS
/// ONE 13, e0199239 (2018)). Diverging: blue to red of ColorBrewer (Harrower & Brewer, Cartographic Journal 40, 27
/// (2003)). Each from published points, joined in the CIELAB space so that lightness stays even.
const ColourMap& colour_map(Palette palette);

/// Colours of classes and curves that stay apart for the colour-blind (Okabe & Ito 2008 without yellow, which
/// vanishes on white, then Tol's muted scheme, 2021). Repeats after twelve; a negative number is "none", light grey.
Colour class_colour(std::int64_t number);
inline constexpr std::int64_t class_colours = 12;

/// "#rrggbb".
std::string hex(Colour colour);

/// The colour of a value within a range; NaN has none, and is told apart by the caller.
Colour colour_of(double value, const Range& range);

}  // namespace ruska::report
