// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "ruska/report/colour.hpp"
#include "ruska/report/draw.hpp"
#include "ruska/report/ticks.hpp"

namespace ruska::report {
namespace {

constexpr double widest = 600;
constexpr double tallest = 520;
constexpr double bar_gap = 8;
constexpr double bar_width = 14;
constexpr double legend_gap = 84;
constexpr double line_height = 22;

/// Where a value lies between the ends of the scale, 0 to 1.
double place_of(double value, const Pattern& pattern) {
  if (!(value > pattern.low)) return 0;
  return std::min(1.0, std::log(value / pattern.low) / std::log(pattern.high / pattern.low));
}

std::vector<std::uint8_t> pixels_of(const Pattern& pattern) {
  const ColourMap& colours = colour_map(Palette::sequential);
  std::vector<std::uint8_t> rgba;
  rgba.reserve(pattern.values.values.size() * 4);
  for (const float value : pattern.values.values) {
    const Colour colour = colours[static_cast<std::size_t>(std::lround(255 * place_of(value, pattern)))];
    rgba.insert(rgba.end(),
                {colour.red, colour.green, colour.blue, static_cast<std::uint8_t>(std::isnan(value) ? 0 : 255)});
  }
  return rgba;
}

void draw_bar(Svg& svg, const Pattern& pattern, Point corner, double height) {
  std::vector<std::uint8_t> rgba;
  const ColourMap& colours = colour_map(Palette::sequential);
  for (auto colour = colours.rbegin(); colour != colours.rend(); ++colour) {
    for (int x = 0; x < 14; ++x) rgba.insert(rgba.end(), {colour->red, colour->green, colour->blue, 255});
  }
  svg.pixels(corner, bar_width, height, 14, 256, rgba);
  for (const Tick& tick : logarithmic_ticks(pattern.low, pattern.high)) {
    const double y = corner.y + height * (1 - place_of(tick.position, pattern));
    const double right = corner.x + bar_width;
    svg.line({right, y}, {right + (tick.text.empty() ? 3.0 : 5.0), y});
    if (!tick.text.empty()) svg.text({right + 7, y + 4}, tick.text, {.size = 11});
  }
}

/// Of an axis' coordinate on the page; pixels have their coordinate in their middle.
double on_page(const Axis& axis, double coordinate, double start, double length) {
  const double index = (coordinate - axis.offset) / axis.scale;
  return start + (index + 0.5) / static_cast<double>(axis.size) * length;
}

}  // namespace

double draw_pattern(Svg& svg, const Pattern& pattern, double top) {
  if (!pattern.quantity.empty()) {
    svg.text({margin, top + 10}, pattern.quantity, {.size = 12, .colour = faint_ink});
    top += 20;
  }
  const Extent extent = extent_within(pattern.y, pattern.x, widest, tallest);
  const Point corner{margin, top};
  svg.rectangle(corner, extent.width, extent.height, "url(#hatch)");
  svg.pixels(corner, extent.width, extent.height, pattern.values.width, pattern.values.height, pixels_of(pattern));
  svg.begin_clip(corner, extent.width, extent.height);
  const double legend = corner.x + extent.width + legend_gap;
  const std::size_t number = std::min<std::size_t>(pattern.outlines.size(), static_cast<std::size_t>(max_panels));
  for (std::size_t k = 0; k < number; ++k) {
    for (const std::vector<double>& line : pattern.outlines[k].lines) {
      std::vector<Point> points;
      for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
        points.push_back({on_page(pattern.x, line[i], corner.x, extent.width),
                          on_page(pattern.y, line[i + 1], corner.y, extent.height)});
      }
      if (points.empty()) continue;
      points.push_back(points.front());
      // Neighbouring detectors share an edge: of two lines over each other the later is the thinner.
      const double width =
          3.2 - 1.6 * static_cast<double>(k) / static_cast<double>(std::max<std::size_t>(1, number - 1));
      svg.polyline(points, {.colour = "#ffffff", .width = width + 1});
      svg.polyline(points, {.colour = hex(class_colour(static_cast<std::int64_t>(k))), .width = width});
    }
  }
  svg.end_clip();
  svg.rectangle(corner, extent.width, extent.height, "none", rule);
  draw_bar(svg, pattern, {corner.x + extent.width + bar_gap, corner.y}, std::max(extent.height, 40.0));
  draw_scale_bar(svg, pattern.x, {corner.x, corner.y + extent.height}, extent.width);
  double y = top;
  for (std::size_t k = 0; k < number; ++k) {
    svg.rectangle({legend, y + 4}, 18, 4, hex(class_colour(static_cast<std::int64_t>(k))));
    svg.text({legend + 26, y + 11}, shorten(pattern.outlines[k].label, figure_width - margin - legend - 26, 12.5),
             {.size = 12.5});
    y += line_height;
  }
  return std::max(top + extent.height + scale_bar_height, y);
}

}  // namespace ruska::report
