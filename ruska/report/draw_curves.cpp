// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ruska/report/colour.hpp"
#include "ruska/report/draw.hpp"
#include "ruska/report/number_text.hpp"
#include "ruska/report/plot.hpp"

namespace ruska::report {
namespace {

constexpr double left_room = 78;
constexpr double label_size = 10.5;
constexpr double label_spacing = 13;
constexpr double leader = 12;

/// The marks of one curve within the view, left to right.
std::vector<Mark> marks_of(const Curves& curves, std::int64_t component, const Plot& plot) {
  std::vector<Mark> marks;
  for (const Mark& mark : curves.marks) {
    const bool own = mark.component == component || mark.component < 0;
    if (own && mark.position >= plot.x_low && mark.position <= plot.x_high) marks.push_back(mark);
  }
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.position < b.position; });
  return marks;
}

double value_at(const Curves& curves, const Curve& curve, double position) {
  const double value = curve.values[static_cast<std::size_t>(curves.axis.nearest(position))];
  return std::isfinite(value) ? value : 0;
}

/// Where more marks stand than labels fit side by side, those on the highest parts of the curve.
void keep_highest(std::vector<Mark>& marks, std::size_t fit, const Curves& curves, const Curve& curve) {
  if (marks.size() <= fit) return;
  std::stable_sort(marks.begin(), marks.end(), [&](const Mark& a, const Mark& b) {
    return value_at(curves, curve, a.position) > value_at(curves, curve, b.position);
  });
  marks.resize(fit);
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.position < b.position; });
}

double widest_label(const std::vector<Mark>& marks) {
  double widest = 0;
  for (const Mark& mark : marks) widest = std::max(widest, text_width(mark.label, label_size));
  return std::min(widest, 90.0);
}

/// Labels stand upright above the plot and a thin line leads each to its place on the curve.
void draw_marks(Svg& svg, const Plot& plot, const std::vector<Mark>& marks, const Curves& curves, const Curve& curve) {
  std::vector<double> wanted;
  for (const Mark& mark : marks) wanted.push_back(plot.x(mark.position));
  const std::vector<double> places = spread(wanted, label_spacing, plot.left, plot.right());
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const double peak = std::clamp(plot.y(value_at(curves, curve, marks[i].position)) - 2, plot.top, plot.bottom());
    const std::vector<Point> path{{places[i], plot.top - leader}, {wanted[i], plot.top - 1}, {wanted[i], peak}};
    svg.polyline(path, {.colour = "#9aa4b0", .width = 0.8});
    svg.text({places[i] + label_size * 0.36, plot.top - leader - 3}, shorten(marks[i].label, 90, label_size),
             {.size = label_size, .turn = -90});
  }
}

void draw_band(Svg& svg, const Plot& plot, std::span<const double> x, const Curve& curve, std::string_view colour) {
  std::vector<double> upper, lower;
  for (std::size_t i = 0; i < curve.values.size(); ++i) {
    upper.push_back(curve.values[i] + curve.sigma[i]);
    lower.push_back(curve.values[i] - curve.sigma[i]);
  }
  const auto above = points_of(plot, x, upper), below = points_of(plot, x, lower);
  for (std::size_t run = 0; run < std::min(above.size(), below.size()); ++run) {
    std::vector<Point> outline = above[run];
    outline.insert(outline.end(), below[run].rbegin(), below[run].rend());
    svg.polygon(outline, colour, 0.25);
  }
}

void choose_heights(Plot& plot, const Curves& curves, const Curve& curve) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (std::int64_t i = curves.first; i <= curves.last; ++i) {
    const double value = curve.values[static_cast<std::size_t>(i)];
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) low = high = 0;
  // Zero belongs to the picture unless the curve stays far from it.
  if (!(low > 0.6 * high)) low = std::min(low, 0.0);
  if (!(high < 0.6 * low)) high = std::max(high, 0.0);
  if (!(high > low)) high = low + 1;
  const double air = 0.05 * (high - low);
  plot.y_low = low == 0 ? 0 : low - air;
  plot.y_high = high == 0 ? 0 : high + air;
}

}  // namespace

double draw_curves(Svg& svg, const Curves& curves, double top) {
  const std::size_t number = curves.curves.size();
  const double height = number == 1 ? 300 : number <= 4 ? 150 : 96;
  std::vector<double> x;
  for (std::int64_t i = 0; i < curves.axis.size; ++i) x.push_back(curves.axis.at(static_cast<double>(i)));
  Plot plot{.left = margin + left_room, .width = figure_width - 2 * margin - left_room - 8, .height = height};
  const double ends[] = {x[static_cast<std::size_t>(curves.first)], x[static_cast<std::size_t>(curves.last)]};
  plot.x_low = std::min(ends[0], ends[1]);
  plot.x_high = std::max(ends[0], ends[1]);
  if (!(plot.x_high > plot.x_low)) plot.x_high = plot.x_low + 1;
  const double first_top = top;
  for (std::size_t k = 0; k < number; ++k) {
    const Curve& curve = curves.curves[k];
    const std::string colour = hex(class_colour(static_cast<std::int64_t>(k)));
    std::vector<Mark> marks = marks_of(curves, static_cast<std::int64_t>(k), plot);
    keep_highest(marks, static_cast<std::size_t>(plot.width / label_spacing), curves, curve);
    if (!curve.name.empty()) {
      svg.rectangle({plot.left, top + 4}, 14, 4, colour);
      svg.text({plot.left + 20, top + 11}, shorten(curve.name, plot.width - 20, 12.5, true),
               {.size = 12.5, .bold = true});
      top += 18;
    }
    plot.top = top + (marks.empty() ? 4 : widest_label(marks) + leader + 6);
    choose_heights(plot, curves, curve);
    const bool last = k + 1 == number;
    const int wanted = height > 120 ? 4 : 3;
    plot.scale = curves.root ? Scale::root : Scale::linear;
    const auto heights =
        curves.root ? root_ticks(plot.y_low, plot.y_high, wanted) : linear_ticks(plot.y_low, plot.y_high, wanted);
    draw_frame(svg, plot, linear_ticks(plot.x_low, plot.x_high, 10), heights, last);
    if (plot.y_low < 0 && plot.y_high > 0)
      svg.line({plot.left, plot.y(0)}, {plot.right(), plot.y(0)}, {.colour = "#9aa4b0", .dash = "3 3"});
    draw_marks(svg, plot, marks, curves, curve);
    svg.begin_clip({plot.left, plot.top}, plot.width, plot.height);
    if (!curve.sigma.empty()) draw_band(svg, plot, x, curve, colour);
    for (const auto& run : points_of(plot, x, curve.values)) svg.polyline(run, {.colour = colour, .width = 1.3});
    svg.end_clip();
    top = plot.bottom() + (last ? 22 : 14);
  }
  const std::string name = curves.axis.name.empty() ? readable(curves.axis.quantity) : readable(curves.axis.name);
  svg.text({plot.left + plot.width / 2, top + 14}, with_unit(name.empty() ? "Channel" : name, curves.axis.units),
           {.size = 12.5, .anchor = Anchor::middle});
  if (!curves.quantity.empty()) {
    svg.text({margin + 8, (first_top + top) / 2}, curves.quantity,
             {.size = 12.5, .anchor = Anchor::middle, .turn = -90});
  }
  return top + 22;
}

}  // namespace ruska::report
