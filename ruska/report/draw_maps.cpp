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

constexpr double gap = 18;
constexpr double bar_gap = 7;
constexpr double bar_width = 12;
constexpr int bar_pixels = 12;
constexpr double bar_room = 62;  // bar, ticks and their text
constexpr double caption_height = 22;
constexpr double air = 10;  // for the arrow heads of a colour bar
constexpr double tallest = 420;
constexpr std::size_t stills = 4;  // of a film

std::vector<std::uint8_t> pixels_of(const Image& image, const Range& range) {
  std::vector<std::uint8_t> rgba;
  rgba.reserve(image.values.size() * 4);
  for (const float value : image.values) {
    const Colour colour = std::isnan(value) ? Colour{} : colour_of(value, range);
    rgba.insert(rgba.end(),
                {colour.red, colour.green, colour.blue, static_cast<std::uint8_t>(std::isnan(value) ? 0 : 255)});
  }
  return rgba;
}

std::vector<std::uint8_t> pixels_of_bar(Palette palette) {
  std::vector<std::uint8_t> rgba;
  const ColourMap& colours = colour_map(palette);
  for (auto colour = colours.rbegin(); colour != colours.rend(); ++colour) {
    for (int x = 0; x < bar_pixels; ++x) rgba.insert(rgba.end(), {colour->red, colour->green, colour->blue, 255});
  }
  return rgba;
}

/// Ends that values go beyond are drawn as arrow heads.
void draw_colour_bar(Svg& svg, const Range& range, Point corner, double height) {
  height = std::max(height, 40.0);
  svg.pixels(corner, bar_width, height, bar_pixels, 256, pixels_of_bar(range.palette));
  const ColourMap& colours = colour_map(range.palette);
  const double x = corner.x, right = corner.x + bar_width, bottom = corner.y + height;
  if (range.clipped_high) {
    svg.polygon(std::vector<Point>{{x, corner.y}, {right, corner.y}, {x + bar_width / 2, corner.y - 9}},
                hex(colours.back()));
  }
  if (range.clipped_low) {
    svg.polygon(std::vector<Point>{{x, bottom}, {right, bottom}, {x + bar_width / 2, bottom + 9}},
                hex(colours.front()));
  }
  for (const Tick& tick : linear_ticks(range.low, range.high, static_cast<int>(std::clamp(height / 36, 2.0, 6.0)))) {
    const double y = bottom - (tick.position - range.low) / (range.high - range.low) * height;
    svg.line({right, y}, {right + 4, y});
    svg.text({right + 6, y + 4}, tick.text, {.size = 11});
  }
}

struct Cell {
  const Axis& x;
  std::string caption;
  const Image& image;
  const Range& range;
};

void draw_cell(Svg& svg, const Cell& cell, Point corner, const Extent& extent, double width) {
  svg.text({corner.x, corner.y + 14}, shorten(cell.caption, width, 12.5, true), {.size = 12.5, .bold = true});
  const Point image{corner.x, corner.y + (cell.caption.empty() ? air : caption_height)};
  svg.rectangle(image, extent.width, extent.height, "url(#hatch)");
  svg.pixels(image, extent.width, extent.height, cell.image.width, cell.image.height,
             pixels_of(cell.image, cell.range));
  svg.rectangle(image, extent.width, extent.height, "none", rule);
  draw_colour_bar(svg, cell.range, {image.x + extent.width + bar_gap, image.y}, extent.height);
  draw_scale_bar(svg, cell.x, {image.x, image.y + extent.height}, extent.width);
}

/// What the values are, above the maps.
double draw_quantity(Svg& svg, const std::string& quantity, double top) {
  if (quantity.empty()) return top;
  svg.text({margin, top + 10}, quantity, {.size = 12, .colour = faint_ink});
  return top + 20;
}

double cell_width_of(std::size_t columns) {
  return std::min((figure_width - 2 * margin - gap * static_cast<double>(columns - 1)) / static_cast<double>(columns),
                  560.0);
}

}  // namespace

double draw_maps(Svg& svg, const Maps& maps, double top) {
  const bool with_sigma = maps.panels.front().sigma.has_value();
  const std::size_t number = maps.panels.size();
  // A single map has its uncertainty at its side; of several, each row of maps has the row of uncertainties below.
  const bool side_by_side = with_sigma && number == 1;
  const std::size_t columns = side_by_side ? 2 : number == 4 ? 2 : std::min<std::size_t>(number, 3);
  const double cell_width = cell_width_of(columns);
  const Extent extent = extent_within(maps.y, maps.x, cell_width - bar_room, tallest);
  const bool named = side_by_side || !maps.panels.front().name.empty();
  const double cell_height = (named ? caption_height : air) + std::max(extent.height, 40.0) + scale_bar_height + 12;
  top = draw_quantity(svg, maps.quantity, top);
  const auto place = [&](std::size_t column) { return margin + static_cast<double>(column) * (cell_width + gap); };
  const auto caption = [&](const MapPanel& panel) {
    return panel.name.empty() && side_by_side ? std::string("Value") : panel.name;
  };
  const auto sigma_caption = [](const MapPanel& panel) {
    return panel.name.empty() ? std::string("σ (standard uncertainty)") : "σ of " + panel.name;
  };
  for (std::size_t first = 0; first < number; first += columns) {
    const std::size_t last = std::min(number, first + columns);
    for (std::size_t i = first; i < last; ++i) {
      const MapPanel& panel = maps.panels[i];
      draw_cell(svg, {maps.x, caption(panel), panel.values, panel.range}, {place(i - first), top}, extent, cell_width);
      if (side_by_side) {
        draw_cell(svg, {maps.x, sigma_caption(panel), *panel.sigma, panel.sigma_range}, {place(1), top}, extent,
                  cell_width);
      }
    }
    top += cell_height;
    if (!with_sigma || side_by_side) continue;
    for (std::size_t i = first; i < last; ++i) {
      const MapPanel& panel = maps.panels[i];
      draw_cell(svg, {maps.x, sigma_caption(panel), *panel.sigma, panel.sigma_range}, {place(i - first), top}, extent,
                cell_width);
    }
    top += cell_height;
  }
  return top;
}

double draw_film(Svg& svg, const Film& film, double top) {
  const std::size_t frames = film.angles.size(), columns = std::min<std::size_t>(frames, stills);
  const double cell_width = cell_width_of(columns);
  const Extent extent = extent_within(film.y, film.x, cell_width - bar_room, tallest);
  top = draw_quantity(svg, film.quantity, top);
  for (const Film::Reel& reel : film.reels) {
    // Half of the film: a projection from behind is the mirror image of the one from the front.
    for (std::size_t i = 0; i < columns; ++i) {
      const std::size_t frame = columns == frames ? i : i * frames / (2 * columns);
      const std::string caption = (reel.name.empty() ? "" : reel.name + ", ") + film.angles[frame];
      draw_cell(svg, {film.x, caption, reel.frames[frame], reel.range},
                {margin + static_cast<double>(i) * (cell_width + gap), top}, extent, cell_width);
    }
    top += caption_height + std::max(extent.height, 40.0) + scale_bar_height + 12;
  }
  return top;
}

}  // namespace ruska::report
