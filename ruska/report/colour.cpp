// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/colour.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

namespace ruska::report {
namespace {

using Lab = std::array<double, 3>;

constexpr Colour rgb(std::uint32_t code) {
  return {static_cast<std::uint8_t>(code >> 16), static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
}

constexpr std::array viridis{rgb(0x440154), rgb(0x482878), rgb(0x3E4A89), rgb(0x31688E), rgb(0x26828E),
                             rgb(0x1F9E89), rgb(0x35B779), rgb(0x6DCD59), rgb(0xB4DE2C), rgb(0xFDE725)};
constexpr std::array cividis{rgb(0x00204D), rgb(0x00336F), rgb(0x39486B), rgb(0x575C6D), rgb(0x707173),
                             rgb(0x8A8779), rgb(0xA69D75), rgb(0xC4B56C), rgb(0xE4CF5B), rgb(0xFFEA46)};
constexpr std::array blue_to_red{rgb(0x053061), rgb(0x2166AC), rgb(0x4393C3), rgb(0x92C5DE),
                                 rgb(0xD1E5F0), rgb(0xF7F7F7), rgb(0xFDDBC7), rgb(0xF4A582),
                                 rgb(0xD6604D), rgb(0xB2182B), rgb(0x67001F)};

constexpr std::array<Colour, class_colours> classes{rgb(0x0072B2), rgb(0xD55E00), rgb(0x009E73), rgb(0xCC79A7),
                                                    rgb(0xE69F00), rgb(0x56B4E9), rgb(0x332288), rgb(0x882255),
                                                    rgb(0x999933), rgb(0x44AA99), rgb(0x661100), rgb(0x888888)};
constexpr Colour none = rgb(0xE3E3E3);

// sRGB (IEC 61966-2-1) with the D65 white point.
constexpr Lab white{0.95047, 1.0, 1.08883};

double linear(std::uint8_t channel) {
  const double v = channel / 255.0;
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

std::uint8_t channel(double v) {
  const double encoded = v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(encoded, 0.0, 1.0)));
}

Lab lab_of(Colour colour) {
  const double r = linear(colour.red), g = linear(colour.green), b = linear(colour.blue);
  const Lab xyz{0.4124564 * r + 0.3575761 * g + 0.1804375 * b, 0.2126729 * r + 0.7151522 * g + 0.0721750 * b,
                0.0193339 * r + 0.1191920 * g + 0.9503041 * b};
  Lab f;
  for (std::size_t i = 0; i < 3; ++i) {
    const double t = xyz[i] / white[i];
    f[i] = t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116;
  }
  return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

Colour colour_of(const Lab& lab) {
  const double middle = (lab[0] + 16) / 116;
  const Lab f{middle + lab[1] / 500, middle, middle - lab[2] / 200};
  Lab xyz;
  for (std::size_t i = 0; i < 3; ++i) {
    const double cube = f[i] * f[i] * f[i];
    xyz[i] = white[i] * (cube > 216.0 / 24389 ? cube : (116 * f[i] - 16) * 27 / 24389);
  }
  return {channel(3.2404542 * xyz[0] - 1.5371385 * xyz[1] - 0.4985314 * xyz[2]),
          channel(-0.9692660 * xyz[0] + 1.8760108 * xyz[1] + 0.0415560 * xyz[2]),
          channel(0.0556434 * xyz[0] - 0.2040259 * xyz[1] + 1.0572252 * xyz[2])};
}

ColourMap through(std::span<const Colour> points) {
  ColourMap map;
  for (std::size_t i = 0; i < map.size(); ++i) {
    const double place =
        static_cast<double>(i) / static_cast<double>(map.size() - 1) * static_cast<double>(points.size() - 1);
    const std::size_t below = std::min(static_cast<std::size_t>(place), points.size() - 2);
    const Lab a = lab_of(points[below]), b = lab_of(points[below + 1]);
    const double t = place - static_cast<double>(below);
    map[i] = colour_of(Lab{std::lerp(a[0], b[0], t), std::lerp(a[1], b[1], t), std::lerp(a[2], b[2], t)});
  }
  return map;
}

}  // namespace

const ColourMap& colour_map(Palette palette) {
  static const ColourMap sequential = through(viridis), uncertainty = through(cividis),
                         diverging = through(blue_to_red);
  switch (palette) {
    case Palette::diverging: return diverging;
    case Palette::uncertainty: return uncertainty;
    case Palette::sequential: break;
  }
  return sequential;
}

Colour class_colour(std::int64_t number) {
  return number < 0 ? none : classes[static_cast<std::size_t>(number % class_colours)];
}

std::string hex(Colour colour) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", colour.red, colour.green, colour.blue);
  return text;
}

Colour colour_of(double value, const Range& range) {
  const double place = range.high > range.low ? (value - range.low) / (range.high - range.low) : 0.5;
  return colour_map(range.palette)[static_cast<std::size_t>(std::lround(255 * std::clamp(place, 0.0, 1.0)))];
}

}  // namespace ruska::report
