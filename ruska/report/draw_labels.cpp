// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "ruska/report/colour.hpp"
#include "ruska/report/draw.hpp"
#include "ruska/report/number_text.hpp"

namespace ruska::report {
namespace {

constexpr double widest = 520;
constexpr double tallest = 480;
constexpr double legend_gap = 28;
constexpr double line_height = 24;

std::vector<std::uint8_t> pixels_of(const Labels& labels) {
  std::vector<std::uint8_t> rgba;
  rgba.reserve(labels.numbers.size() * 4);
  for (const std::int32_t number : labels.numbers) {
    const Colour colour = class_colour(number);
    rgba.insert(rgba.end(), {colour.red, colour.green, colour.blue, 255});
  }
  return rgba;
}

}  // namespace

double draw_labels(Svg& svg, const Labels& labels, double top) {
  const Extent extent = extent_within(labels.y, labels.x, widest, tallest);
  svg.pixels({margin, top}, extent.width, extent.height, labels.width, labels.height, pixels_of(labels));
  svg.rectangle({margin, top}, extent.width, extent.height, "none", rule);
  draw_scale_bar(svg, labels.x, {margin, top + extent.height}, extent.width);

  const double left = margin + extent.width + legend_gap;
  const double right = figure_width - margin;
  double y = top;
  const auto entry = [&](const std::string& name, double fraction, std::int64_t number) {
    svg.rectangle({left, y}, 15, 15, hex(class_colour(number)), rule);
    const std::string percent = number_text(100 * fraction, 3) + (number < 0 ? " % of all pixels" : " %");
    const double room = right - left - 24 - 14 - text_width(percent, 12.5);
    const std::string shown = shorten(name, std::max(room, 40.0), 12.5);
    svg.text({left + 24, y + 12}, shown, {.size = 12.5});
    svg.text({left + 24 + text_width(shown, 12.5) + 12, y + 12}, percent, {.size = 12.5, .colour = faint_ink});
    y += line_height;
  };
  for (std::size_t i = 0; i < labels.classes.size() && i < static_cast<std::size_t>(max_panels); ++i) {
    entry(labels.classes[i].name, labels.classes[i].fraction, static_cast<std::int64_t>(i));
  }
  if (labels.none > 0) entry("none", labels.none, -1);
  svg.text({left, y + 10}, "share of the pixels that have a class", {.size = 11, .colour = faint_ink});
  return std::max(top + extent.height + scale_bar_height, y + 18);
}

}  // namespace ruska::report
