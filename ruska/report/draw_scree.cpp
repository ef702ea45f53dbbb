// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "ruska/report/colour.hpp"
#include "ruska/report/draw.hpp"
#include "ruska/report/plot.hpp"

namespace ruska::report {
namespace {

constexpr std::string_view left_out = "#9aa4b0";

/// Half a decade of air around the positive values.
void choose_heights(Plot& plot, const Scree& scree) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Curve& curve : scree.curves) {
    for (const double value : std::span(curve.values).first(static_cast<std::size_t>(scree.shown))) {
      if (!(value > 0) || !std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (!(high > 0)) low = high = 1;
  // Rounding errors of values that are zero in truth would squeeze the rest together.
  low = std::max(low, high * 1e-8);
  plot.y_low = low / 1.6;
  plot.y_high = high * 1.6;
}

}  // namespace

double draw_scree(Svg& svg, const Scree& scree, double top) {
  const auto length = static_cast<std::size_t>(scree.shown);
  Plot plot{.left = margin + 78, .top = top + 6, .width = 640, .height = 280, .scale = Scale::logarithmic};
  plot.x_low = 0.3;
  plot.x_high = static_cast<double>(length) + 0.7;
  choose_heights(plot, scree);
  std::vector<Tick> numbers = linear_ticks(1, static_cast<double>(length), 10);
  std::erase_if(numbers,
                [](const Tick& tick) { return tick.position != std::floor(tick.position) || tick.position < 1; });
  draw_frame(svg, plot, numbers, logarithmic_ticks(plot.y_low, plot.y_high), true);
  const double kept = scree.chosen ? static_cast<double>(*scree.chosen) : static_cast<double>(length);

  std::vector<double> x;
  for (std::size_t i = 0; i < length; ++i) x.push_back(static_cast<double>(i + 1));
  for (std::size_t k = 0; k < scree.curves.size(); ++k) {
    const Curve& curve = scree.curves[k];
    const std::string colour = hex(class_colour(static_cast<std::int64_t>(k)));
    svg.begin_clip({plot.left, plot.top}, plot.width, plot.height);
    for (const auto& run : points_of(plot, x, curve.values)) svg.polyline(run, {.colour = "#c3cad2", .width = 1});
    svg.end_clip();
    for (std::size_t i = 0; i < length; ++i) {
      const double value = curve.values[i];
      if (!(value >= plot.y_low) || !std::isfinite(value)) continue;
      if (i < curve.sigma.size() && std::isfinite(curve.sigma[i])) {
        const double above = plot.y(value + curve.sigma[i]);
        const double below = plot.y(std::max(value - curve.sigma[i], plot.y_low));
        svg.line({plot.x(x[i]), above}, {plot.x(x[i]), below}, {.colour = colour});
      }
      const bool is_kept = x[i] <= kept;
      svg.circle({plot.x(x[i]), plot.y(value)}, 4, is_kept ? colour : "#ffffff",
                 is_kept ? colour : std::string(left_out));
    }
  }
  if (scree.chosen) {
    const double edge = plot.x(kept + 0.5);
    svg.line({edge, plot.top}, {edge, plot.bottom()}, {.colour = "#a33b00", .width = 1.4, .dash = "6 4"});
    svg.text({edge + 8, plot.top + 16}, std::to_string(*scree.chosen) + " kept",
             {.size = 13, .colour = "#a33b00", .bold = true});
  }
  double y = plot.top + 8;
  for (std::size_t k = 0; scree.curves.size() > 1 && k < scree.curves.size(); ++k, y += 22) {
    svg.circle({plot.right() + 30, y}, 5, hex(class_colour(static_cast<std::int64_t>(k))));
    svg.text({plot.right() + 42, y + 4}, shorten(scree.curves[k].name, figure_width - plot.right() - 50, 12),
             {.size = 12});
  }
  svg.text({plot.left + plot.width / 2, plot.bottom() + 36}, "Number of the component",
           {.size = 12.5, .anchor = Anchor::middle});
  svg.text({margin + 8, plot.top + plot.height / 2}, scree.quantity,
           {.size = 12.5, .anchor = Anchor::middle, .turn = -90});
  return plot.bottom() + 48;
}

}  // namespace ruska::report
