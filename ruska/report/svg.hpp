// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ruska::report {

struct Point {
  double x = 0, y = 0;
};

enum class Anchor { start, middle, end };

struct TextStyle {
  double size = 12;
  Anchor anchor = Anchor::start;
  std::string_view colour = "#1c2430";
  bool bold = false;
  double turn = 0;  ///< degrees, clockwise
};

struct LineStyle {
  std::string_view colour = "#1c2430";
  double width = 1;
  std::string_view dash = "";
};

/// An SVG document in the making. Lengths are in pixels (1/96 inch); every text is escaped here and nowhere else.
class Svg {
 public:
  void text(Point at, std::string_view text, const TextStyle& style = {});
  void line(Point from, Point to, const LineStyle& style = {});
  void polyline(std::span<const Point> points, const LineStyle& style = {});
  void polygon(std::span<const Point> points, std::string_view fill, double opacity = 1);
  /// `fill` and `stroke` are colours, "none" or "url(#hatch)".
  void rectangle(Point corner, double width, double height, std::string_view fill, std::string_view stroke = "none");
  void circle(Point centre, double radius, std::string_view fill, std::string_view stroke = "none");
  /// RGBA pixels in C order stretched over the rectangle, each seen as a rectangle of its own.
  void pixels(Point corner, double width, double height, std::int64_t columns, std::int64_t rows,
              std::span<const std::uint8_t> rgba);
  /// Names what follows for readers of the page who cannot see it.
  void describe(std::string_view title) { title_ = title; }
  /// Everything drawn until `end_clip` is cut to the rectangle.
  void begin_clip(Point corner, double width, double height);
  void end_clip();

  std::string finish(double width, double height) const;

 private:
  std::string body_;
  std::string title_;
  int clips_ = 0;
};

/// Colours of the frame around the data.
inline constexpr std::string_view ink = "#1c2430";
inline constexpr std::string_view faint_ink = "#566070";
inline constexpr std::string_view rule = "#c9d0d8";

/// Width of a line of DejaVu Sans.
double text_width(std::string_view text, double size, bool bold = false);

/// Lines of at most `width`, broken at spaces; a longer word is broken anywhere.
std::vector<std::string> wrap(std::string_view text, double width, double size, bool bold = false);

/// The text, cut with "…" where it is wider.
std::string shorten(std::string_view text, double width, double size, bool bold = false);

}  // namespace ruska::report
