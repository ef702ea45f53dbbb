// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/radial_plane.hpp"

#include <cmath>
#include <cstdio>
#include <numbers>

#include "ruska/base/error.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

struct SignalAxes {
  const Axis& y;
  const Axis& x;
  bool one_unit() const { return y.units == x.units && !y.units.empty(); }
};

SignalAxes signal_axes(const Description& data) {
  const std::size_t rank = data.axes.size();
  const SignalAxes axes{data.axes[rank - 2], data.axes[rank - 1]};
  for (const Axis* axis : {&axes.y, &axes.x}) {
    if (!axis->values.empty() || axis->scale == 0) {
      throw Error(ErrorKind::invalid_argument,
                  "the signal axis '" + axis->name + "' is not uniform; rings need pixels of equal size");
    }
  }
  return axes;
}

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  return text;
}

}  // namespace

RadialGeometry radial_plane(const Description& data, double ellipse_ratio, double ellipse_angle) {
  const SignalAxes axes = signal_axes(data);
  RadialGeometry geometry;
  geometry.center_y = static_cast<double>(axes.y.size - 1) / 2;
  geometry.center_x = static_cast<double>(axes.x.size - 1) / 2;
  const bool scaled = axes.one_unit();
  set_distortion(geometry, scaled ? std::abs(axes.y.scale) : 1, scaled ? std::abs(axes.x.scale) : 1, ellipse_ratio,
                 ellipse_angle);
  return geometry;
}

Axes bin_axes(const Description& data, const RadialGeometry& geometry) {
  const SignalAxes axes = signal_axes(data);
  const double pixel = axes.one_unit() ? std::sqrt(std::abs(axes.y.scale * axes.x.scale)) : 1;
  const Axis radius{.name = "radius",
                    .units = axes.one_unit() ? axes.x.units : "px",
                    .role = Role::signal,
                    .size = geometry.rings,
                    .scale = geometry.step * pixel,
                    .offset = geometry.step * pixel / 2};
  if (geometry.sectors == 1) return {radius};
  // Rings first: the order of the bins.
  const double turn = 360.0 / static_cast<double>(geometry.sectors);
  return {radius,
          {.name = "angle",
           .units = "°",
           .role = Role::signal,
           .size = geometry.sectors,
           .scale = turn,
           .offset = turn / 2}};
}

std::string place_center(RadialGeometry& geometry, const Dataset& data, const std::optional<double>& y,
                         const std::optional<double>& x, const std::vector<std::uint8_t>& left_out, Context& context) {
  std::string how = "given";
  if (y && x) {
    geometry.center_y = *y;
    geometry.center_x = *x;
  } else {
    const Shape frame = data.describe().signal_shape();
    const Look look = look_at_frames(data, {}, left_out, context);
    const BeamCenter beam = find_beam_center(look.sum, frame[0], frame[1], left_out);
    geometry.center_y = y.value_or(beam.y);
    geometry.center_x = x.value_or(beam.x);
    how = "centre of mass of the bright disc, radius " + show(beam.radius) + " px, of " + std::to_string(look.frames) +
          (look.frames == 1 ? " frame" : " frames");
  }
  return "centre (" + show(geometry.center_x) + ", " + show(geometry.center_y) + ") px: " + how;
}

Output pattern_with_rings(const Description& data, const RadialGeometry& g, const std::vector<double>& pattern) {
  const SignalAxes axes = signal_axes(data);
  std::vector<Outline> outlines;
  const double determinant = g.xx * g.yy - g.xy * g.yx;
  for (const int part : {1, 2, 3, 4}) {
    const double radius = static_cast<double>(g.rings) * g.step * part / 4;
    std::vector<std::vector<double>> lines;
    std::vector<double> line;
    for (int i = 0; i <= 180; ++i) {
      const double angle = 2 * std::numbers::pi * i / 180, u = radius * std::cos(angle), v = radius * std::sin(angle);
      const double x = g.center_x + (g.yy * u - g.xy * v) / determinant;
      const double y = g.center_y + (-g.yx * u + g.xx * v) / determinant;
      if (x < -0.5 || y < -0.5 || x > static_cast<double>(axes.x.size) - 0.5 ||
          y > static_cast<double>(axes.y.size) - 0.5) {
        line.clear();
        break;  // only rings that lie in the frame are drawn
      }
      line.push_back(axes.x.at(x));
      line.push_back(axes.y.at(y));
    }
    if (!line.empty()) outlines.push_back({show(radius) + " px", {line}});
  }
  const Axes both{axes.y, axes.x};
  return {.name = "mean",
          .title = "Mean pattern",
          .value = dataset_over<double>(both, "Mean pattern", "Mean value", pattern),
          .view = View::pattern,
          .outlines = outlines};
}

Port mask_port() {
  return {.name = "mask",
          .help = "Beam stop and bad pixels: those where it is not 0 are left out of everything.",
          .required = false,
          .values = Values::real};
}

void check_mask_shape(const Inputs& inputs) {
  const Dataset* given = inputs.find("mask");
  const Shape frame = inputs.at("data").describe().signal_shape();
  if (given == nullptr || given->describe().shape() == frame) return;
  throw Error(ErrorKind::invalid_argument, "mask has the shape " + to_string(given->describe().shape()) +
                                               ", and must have that of a frame, " + to_string(frame));
}

}  // namespace ruska::ops::diffraction
