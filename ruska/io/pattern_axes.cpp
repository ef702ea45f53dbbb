// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/pattern_axes.hpp"

namespace ruska::io {

namespace {

Axis detector_axis(std::string name, std::int64_t size) {
  Axis axis;
  axis.name = std::move(name);
  axis.size = size;
  return axis;
}

}  // namespace

Axis position_axis(std::string name, std::int64_t size, double step) {
  Axis axis;
  axis.name = std::move(name);
  axis.role = Role::navigation;
  axis.size = size;
  if (step > 0) {
    axis.units = "µm";
    axis.quantity = "length";
    axis.scale = step;
  }
  return axis;
}

Axes pattern_axes(std::int64_t rows, std::int64_t columns, double step_y, double step_x, std::int64_t height,
                  std::int64_t width) {
  Axes axes;
  if (rows > 0) axes.push_back(position_axis("y", rows, step_y));
  axes.push_back(position_axis("x", columns, rows > 0 ? step_x : 0));
  axes.push_back(detector_axis("dy", height));
  axes.push_back(detector_axis("dx", width));
  return axes;
}

}  // namespace ruska::io
