// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "ruska/report/colour.hpp"
#include "ruska/report/draw.hpp"
#include "ruska/report/number_text.hpp"

namespace ruska::report {
namespace {

constexpr double widest = 640;
constexpr double tallest = 520;
constexpr double wheel_gap = 36;
constexpr double wheel_radius = 62;
constexpr std::int64_t wheel_pixels = 124;
constexpr double arrow_spacing = 26;  // on the page

std::uint8_t channel(double linear) {
  const double clipped = std::clamp(linear, 0.0, 1.0);
  const double encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * std::pow(clipped, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(255 * encoded));
}

/// Direction as hue, length as lightness and chroma, in the Oklab space (B. Ottosson, 2020), where equal lightness
/// looks equally light for every hue.
Colour wheel_colour(double x, double y) {
  const double length = std::min(std::hypot(x, y), 1.0), hue = std::atan2(y, x);
  const double lightness = 0.16 + 0.58 * length, chroma = 0.13 * length;
  const double a = chroma * std::cos(hue), b = chroma * std::sin(hue);
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  return {channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          channel(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

void draw_arrow(Svg& svg, Point middle, double x, double y, double length) {
  const double size = std::hypot(x, y);
  if (!(size > 0) || length < 3) return;
  const double ux = x / size, uy = y / size, half = length / 2, head = std::min(6.0, length * 0.55);
  const Point tip{middle.x + ux * half, middle.y + uy * half};
  const Point neck{tip.x - ux * head, tip.y - uy * head};
  svg.line({middle.x - ux * half, middle.y - uy * half}, neck, {.colour = "#ffffff", .width = 1.4});
  svg.polygon(std::vector<Point>{tip,
                                 {neck.x - uy * head * 0.45, neck.y + ux * head * 0.45},
                                 {neck.x + uy * head * 0.45, neck.y - ux * head * 0.45}},
              "#ffffff");
}

/// The mean vector of the map's pixels under a square of the page.
bool mean_under(const Vectors& vectors, std::int64_t top, std::int64_t bottom, std::int64_t left, std::int64_t right,
                double& x, double& y) {
  double number = 0;
  x = y = 0;
  for (std::int64_t i = top; i < bottom; ++i) {
    for (std::int64_t j = left; j < right; ++j) {
      const auto pixel = static_cast<std::size_t>(i * vectors.along_x.width + j);
      if (!std::isfinite(vectors.along_x.values[pixel])) continue;
      x += vectors.along_x.values[pixel];
      y += vectors.along_y.values[pixel];
      number += 1;
    }
  }
  if (number == 0) return false;
  x /= number * vectors.largest;
  y /= number * vectors.largest;
  return true;
}

void draw_arrows(Svg& svg, const Vectors& vectors, Point corner, const Extent& extent) {
  const std::int64_t width = vectors.along_x.width, height = vectors.along_x.height;
  const std::int64_t columns = std::clamp<std::int64_t>(std::llround(extent.width / arrow_spacing), 1, width);
  const std::int64_t rows = std::clamp<std::int64_t>(std::llround(extent.height / arrow_spacing), 1, height);
  const double cell_width = extent.width / static_cast<double>(columns);
  const double cell_height = extent.height / static_cast<double>(rows);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      double x = 0, y = 0;
      if (!mean_under(vectors, height * i / rows, height * (i + 1) / rows, width * j / columns,
                      width * (j + 1) / columns, x, y)) {
        continue;
      }
      const double length =
          std::min(1.0, std::hypot(x, y)) * 0.9 * std::min({cell_width, cell_height, arrow_spacing * 1.5});
      draw_arrow(svg,
                 {corner.x + (static_cast<double>(j) + 0.5) * cell_width,
                  corner.y + (static_cast<double>(i) + 0.5) * cell_height},
                 x, y, length);
    }
  }
}

void draw_wheel(Svg& svg, Point middle) {
  std::vector<std::uint8_t> rgba;
  for (std::int64_t i = 0; i < wheel_pixels; ++i) {
    for (std::int64_t j = 0; j < wheel_pixels; ++j) {
      const double x = 2 * (static_cast<double>(j) + 0.5) / wheel_pixels - 1;
      const double y = 2 * (static_cast<double>(i) + 0.5) / wheel_pixels - 1;
      const Colour colour = wheel_colour(x, y);
      rgba.insert(rgba.end(),
                  {colour.red, colour.green, colour.blue, static_cast<std::uint8_t>(std::hypot(x, y) <= 1 ? 255 : 0)});
    }
  }
  svg.pixels({middle.x - wheel_radius, middle.y - wheel_radius}, 2 * wheel_radius, 2 * wheel_radius, wheel_pixels,
             wheel_pixels, rgba);
  svg.text({middle.x + wheel_radius + 6, middle.y + 4}, "x", {.size = 12});
  svg.text({middle.x, middle.y + wheel_radius + 14}, "y", {.size = 12, .anchor = Anchor::middle});
}

}  // namespace

double draw_vectors(Svg& svg, const Vectors& vectors, double top) {
  if (!vectors.quantity.empty()) {
    svg.text({margin, top + 10}, vectors.quantity, {.size = 12, .colour = faint_ink});
    top += 20;
  }
  const Extent extent = extent_within(vectors.y, vectors.x, widest, tallest);
  const Point corner{margin, top};
  std::vector<std::uint8_t> rgba;
  for (std::size_t i = 0; i < vectors.along_x.values.size(); ++i) {
    const double x = vectors.along_x.values[i] / vectors.largest, y = vectors.along_y.values[i] / vectors.largest;
    const bool known = std::isfinite(x) && std::isfinite(y);
    const Colour colour = known ? wheel_colour(x, y) : Colour{};
    rgba.insert(rgba.end(), {colour.red, colour.green, colour.blue, static_cast<std::uint8_t>(known ? 255 : 0)});
  }
  svg.rectangle(corner, extent.width, extent.height, "url(#hatch)");
  svg.pixels(corner, extent.width, extent.height, vectors.along_x.width, vectors.along_x.height, rgba);
  draw_arrows(svg, vectors, corner, extent);
  svg.rectangle(corner, extent.width, extent.height, "none", rule);
  draw_scale_bar(svg, vectors.x, {corner.x, corner.y + extent.height}, extent.width);

  const double left = margin + extent.width + wheel_gap;
  draw_wheel(svg, {left + wheel_radius, top + wheel_radius + 4});
  double y = top + 2 * wheel_radius + 42;
  for (const std::string& line : {"rim: " + number_text(vectors.largest, 3), std::string("mean, taken off:"),
                                  "(" + number_text(vectors.mean_x, 4) + ", " + number_text(vectors.mean_y, 4) + ")"}) {
    svg.text({left, y}, line, {.size = 12});
    y += 18;
  }
  return std::max(top + extent.height + scale_bar_height, y);
}

}  // namespace ruska::report
