// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ruska/report/svg.hpp"
#include "ruska/report/ticks.hpp"

namespace ruska::report {

/// How heights grow with values: as they are, as the signed square root, or as the logarithm.
enum class Scale { linear, root, logarithmic };

/// The rectangle of a plot and the coordinates that its sides stand for.
struct Plot {
  double left = 0, top = 0, width = 0, height = 0;
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  Scale scale = Scale::linear;  ///< vertically

  double x(double value) const { return left + (value - x_low) / (x_high - x_low) * width; }
  double y(double value) const;
  double bottom() const { return top + height; }
  double right() const { return left + width; }
};

/// Grid lines, ticks, and numbers at the left and, where `numbers_below`, at the bottom.
void draw_frame(Svg& svg, const Plot& plot, const std::vector<Tick>& x_ticks, const std::vector<Tick>& y_ticks,
                bool numbers_below);

/// A curve's points on the page. Where several fall within half a pixel only the first, the extremes and the last are
/// kept, which looks the same. A gap in the values breaks the line.
std::vector<std::vector<Point>> points_of(const Plot& plot, std::span<const double> x, std::span<const double> y);

/// Places for labels of equal width beside each other: nearest to the wanted ones (least squares), at least `spacing`
/// apart and within [low, high]. `wanted` rises; it must fit.
std::vector<double> spread(std::span<const double> wanted, double spacing, double low, double high);

}  // namespace ruska::report
