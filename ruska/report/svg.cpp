// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/svg.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>

#include <cairo.h>

#include "ruska/report/escape.hpp"
#include "ruska/report/png.hpp"

namespace ruska::report {
namespace {

constexpr std::string_view font = "DejaVu Sans";
constexpr double pixels_per_length = 4;  // twice what the PNG beside the SVG has

/// A length with two decimals, as an attribute's value.
std::string length(double value) {
  std::array<char, 40> buffer;
  const double rounded = std::isfinite(value) ? std::round(value * 100) / 100 + 0.0 : 0.0;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), rounded, std::chars_format::fixed).ptr;
  return {buffer.data(), end};
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escape(value) + "\"";
}
std::string attribute(std::string_view name, double value) { return attribute(name, length(value)); }

std::string points_of(std::span<const Point> points) {
  std::string text;
  for (const Point& point : points) text += (text.empty() ? "" : " ") + length(point.x) + "," + length(point.y);
  return text;
}

std::string stroke_of(const LineStyle& style) {
  return attribute("stroke", style.colour) + attribute("stroke-width", style.width) +
         (style.dash.empty() ? "" : attribute("stroke-dasharray", style.dash));
}

/// The start of the text up to `characters` whole UTF-8 characters.
std::string_view first_characters(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  while (end < text.size() && characters > 0) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    --characters;
  }
  return text.substr(0, end);
}

/// How many characters of the text fit.
std::size_t fitting(std::string_view text, double width, double size, bool bold) {
  std::size_t low = 0, high = length_of(text);
  while (low < high) {
    const std::size_t middle = (low + high + 1) / 2;
    if (text_width(first_characters(text, middle), size, bold) <= width)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

}  // namespace

void Svg::text(Point at, std::string_view text, const TextStyle& style) {
  static constexpr std::array anchors{"start", "middle", "end"};
  body_ += "<text" + attribute("x", at.x) + attribute("y", at.y) + attribute("font-size", style.size) +
           attribute("fill", style.colour);
  if (style.anchor != Anchor::start) body_ += attribute("text-anchor", anchors[static_cast<std::size_t>(style.anchor)]);
  if (style.bold) body_ += attribute("font-weight", "bold");
  if (style.turn != 0) {
    body_ += attribute("transform", "rotate(" + length(style.turn) + " " + length(at.x) + " " + length(at.y) + ")");
  }
  body_ += ">" + escape(text) + "</text>\n";
}

void Svg::line(Point from, Point to, const LineStyle& style) {
  body_ += "<line" + attribute("x1", from.x) + attribute("y1", from.y) + attribute("x2", to.x) + attribute("y2", to.y) +
           stroke_of(style) + "/>\n";
}

void Svg::polyline(std::span<const Point> points, const LineStyle& style) {
  if (points.empty()) return;
  body_ += "<polyline" + attribute("points", points_of(points)) + attribute("fill", "none") + stroke_of(style) +
           attribute("stroke-linejoin", "round") + "/>\n";
}

void Svg::polygon(std::span<const Point> points, std::string_view fill, double opacity) {
  if (points.empty()) return;
  body_ += "<polygon" + attribute("points", points_of(points)) + attribute("fill", fill) +
           attribute("fill-opacity", opacity) + "/>\n";
}

void Svg::rectangle(Point corner, double width, double height, std::string_view fill, std::string_view stroke) {
  body_ += "<rect" + attribute("x", corner.x) + attribute("y", corner.y) + attribute("width", width) +
           attribute("height", height) + attribute("fill", fill) + attribute("stroke", stroke) + "/>\n";
}

void Svg::circle(Point centre, double radius, std::string_view fill, std::string_view stroke) {
  body_ += "<circle" + attribute("cx", centre.x) + attribute("cy", centre.y) + attribute("r", radius) +
           attribute("fill", fill) + attribute("stroke", stroke) + "/>\n";
}

void Svg::pixels(Point corner, double width, double height, std::int64_t columns, std::int64_t rows,
                 std::span<const std::uint8_t> rgba) {
  // librsvg smooths whatever image-rendering says, so there are to be more pixels than it has to draw.
  const double least = std::min(static_cast<double>(columns) / width, static_cast<double>(rows) / height);
  const auto factor = static_cast<std::int64_t>(std::clamp(std::ceil(pixels_per_length / least), 1.0, 64.0));
  const std::string png = encode_png(columns * factor, rows * factor, enlarge(columns, rows, rgba, factor));
  body_ += "<image" + attribute("x", corner.x) + attribute("y", corner.y) + attribute("width", width) +
           attribute("height", height) + attribute("preserveAspectRatio", "none") +
           " style=\"image-rendering:pixelated\"" +
           attribute("xlink:href", "data:image/png;base64," + base64(std::as_bytes(std::span(png)))) + "/>\n";
}

void Svg::begin_clip(Point corner, double width, double height) {
  const std::string name = "clip" + std::to_string(clips_++);
  body_ += "<clipPath" + attribute("id", name) + ">";
  rectangle(corner, width, height, "#000000");
  body_ += "</clipPath>\n<g" + attribute("clip-path", "url(#" + name + ")") + ">\n";
}

void Svg::end_clip() { body_ += "</g>\n"; }

std::string Svg::finish(double width, double height) const {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"";
  out += " xmlns:xlink=\"http://www.w3.org/1999/xlink\"" + attribute("width", width) + attribute("height", height);
  out += attribute("viewBox", "0 0 " + length(width) + " " + length(height)) + attribute("font-family", font) +
         " role=\"img\">\n<title>" + escape(title_) + "</title>\n";
  out +=
      "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
      "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#f4f4f4\"/>"
      "<rect width=\"2\" height=\"6\" fill=\"#b8bec6\"/></pattern></defs>\n";
  out += "<rect" + attribute("width", width) + attribute("height", height) + " fill=\"#ffffff\"/>\n";
  return out + body_ + "</svg>\n";
}

double text_width(std::string_view text, double size, bool bold) {
  // One pixel of surface gives a context to measure with; making one costs less than guarding a shared one.
  const std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface(
      cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1), cairo_surface_destroy);
  const std::unique_ptr<cairo_t, void (*)(cairo_t*)> cairo(cairo_create(surface.get()), cairo_destroy);
  cairo_select_font_face(cairo.get(), font.data(), CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo.get(), size);
  cairo_text_extents_t extents{};
  cairo_text_extents(cairo.get(), std::string(text).c_str(), &extents);
  return extents.x_advance;
}

std::vector<std::string> wrap(std::string_view text, double width, double size, bool bold) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t space = text.find_first_of(" \n\t\r");
    std::string_view word = text.substr(0, space);
    const std::size_t taken = space == std::string_view::npos ? text.size() : space + 1;
    if (!line.empty() && text_width(line + " " + std::string(word), size, bold) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    while (line.empty() && text_width(word, size, bold) > width) {
      const std::string_view part = first_characters(word, std::max<std::size_t>(fitting(word, width, size, bold), 1));
      lines.emplace_back(part);
      word.remove_prefix(part.size());
    }
    if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
    text.remove_prefix(taken);
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string shorten(std::string_view text, double width, double size, bool bold) {
  if (text_width(text, size, bold) <= width) return std::string(text);
  const double room = width - text_width("…", size, bold);
  return std::string(first_characters(text, fitting(text, room, size, bold))) + "…";
}

}  // namespace ruska::report
