// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/report/figure.hpp"
#include "ruska/report/svg.hpp"

namespace ruska::report {

/// Width of every figure.
inline constexpr double figure_width = 960;
inline constexpr double margin = 16;

/// Each draws below `top` and returns where it ended.
double draw_maps(Svg& svg, const Maps& maps, double top);
double draw_film(Svg& svg, const Film& film, double top);
double draw_labels(Svg& svg, const Labels& labels, double top);
double draw_curves(Svg& svg, const Curves& curves, double top);
double draw_scree(Svg& svg, const Scree& scree, double top);
double draw_vectors(Svg& svg, const Vectors& vectors, double top);
double draw_pattern(Svg& svg, const Pattern& pattern, double top);

/// The black bar of known length below a map that is `width` wide on the page, at its left end.
void draw_scale_bar(Svg& svg, const Axis& x, Point corner, double width);
inline constexpr double scale_bar_height = 20;

/// Width and height on the page of a map within a box, square pixels drawn square.
struct Extent {
  double width = 0, height = 0;
};
Extent extent_within(const Axis& y, const Axis& x, double width, double height);

}  // namespace ruska::report
