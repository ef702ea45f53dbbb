// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/draw.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/report/png.hpp"
#include "ruska/report/ticks.hpp"
#include "ruska/report/write_whole.hpp"

namespace ruska::report {
namespace {

constexpr double title_size = 16;
constexpr double note_size = 11.5;

double draw_lines(Svg& svg, const std::string& text, double top, const TextStyle& style) {
  for (const std::string& line : wrap(text, figure_width - 2 * margin, style.size, style.bold)) {
    svg.text({margin, top + style.size}, line, style);
    top += style.size * 1.4;
  }
  return top;
}

}  // namespace

Extent extent_within(const Axis& y, const Axis& x, double width, double height) {
  const double ratio = pixel_aspect(y, x) * static_cast<double>(y.size) / static_cast<double>(x.size);
  Extent extent{width, width * ratio};
  if (extent.height > height) extent = {height / ratio, height};
  // A line of pixels is still to be seen.
  return {std::max(extent.width, 12.0), std::max(extent.height, 12.0)};
}

void draw_scale_bar(Svg& svg, const Axis& x, Point corner, double width) {
  const auto bar = scale_bar(x, 0.4);
  if (!bar) return;
  const double length = bar->pixels / static_cast<double>(x.size) * width;
  svg.rectangle({corner.x, corner.y + 8}, length, 4, ink);
  svg.text({corner.x + length + 6, corner.y + 14.5}, bar->text, {.size = 12});
}

std::string draw(const Figure& figure, bool with_text) {
  Svg svg;
  svg.describe(figure.title);
  double bottom = margin;
  if (with_text) bottom = draw_lines(svg, figure.title, margin - 4, {.size = title_size, .bold = true}) + 8;
  struct {
    Svg& svg;
    double top;
    double operator()(const Maps& maps) const { return draw_maps(svg, maps, top); }
    double operator()(const Film& film) const { return draw_film(svg, film, top); }
    double operator()(const Labels& labels) const { return draw_labels(svg, labels, top); }
    double operator()(const Curves& curves) const { return draw_curves(svg, curves, top); }
    double operator()(const Scree& scree) const { return draw_scree(svg, scree, top); }
    double operator()(const Vectors& vectors) const { return draw_vectors(svg, vectors, top); }
    double operator()(const Pattern& pattern) const { return draw_pattern(svg, pattern, top); }
  } draw_content{svg, bottom};
  bottom = std::visit(draw_content, figure.content) + 6;
  for (const std::string& note : figure.notes) {
    if (!with_text) break;
    bottom = draw_lines(svg, note, bottom, {.size = note_size, .colour = faint_ink});
  }
  return svg.finish(figure_width, std::ceil(bottom + margin - 4));
}

void write_figure(const std::filesystem::path& stem, const Figure& figure) {
  const std::string svg = draw(figure);
  const auto with_extension = [&](const char* extension) {
    std::filesystem::path path = stem;
    return path += extension;
  };
  write_whole(with_extension(".svg"), svg);
  write_whole(with_extension(".png"), rasterise(svg, 2));
}

}  // namespace ruska::report
