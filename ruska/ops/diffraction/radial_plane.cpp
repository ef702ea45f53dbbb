// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/radial_plane.hpp"

#include <cmath>
#include <cstdio>
#include <numbers>

#include "ruska/base/error.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/pattern_axes.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  return text;
}

}  // namespace

RadialGeometry radial_plane(const Description& data, const Calibration& calibration, const PlaneParams& params) {
  require_uniform_signal_axes(data, "an operation over rings");
  if (params.ellipse_angle && !params.ellipse_ratio) {
    throw Error(ErrorKind::invalid_argument, "'ellipse_angle' is given without a ratio; give --ellipse_ratio too");
  }
  const SignalAxes axes = signal_axes(data);
  RadialGeometry geometry;
  const Vector middle{0.5 * static_cast<double>(axes.x.size - 1), 0.5 * static_cast<double>(axes.y.size - 1)};
  const Vector known = calibration.origin ? calibration.origin->mean() : middle;
  geometry.center_y = params.center_y.value_or(known.y);
  geometry.center_x = params.center_x.value_or(known.x);
  const bool one_unit = !axes.unit().empty();
  // A calibration is told in pixels, which it takes for square.
  const bool square = !one_unit || calibration.pixel_size || (calibration.ellipse && !params.ellipse_ratio);
  double ratio = params.ellipse_ratio.value_or(1), angle = params.ellipse_angle.value_or(0);
  if (!params.ellipse_ratio && calibration.ellipse) {
    ratio = calibration.ellipse->ratio;
    angle = calibration.ellipse->angle;
  }
  set_distortion(geometry, square ? 1 : std::abs(axes.y.scale), square ? 1 : std::abs(axes.x.scale), ratio, angle);
  if (calibration.pixel_size) {
    geometry.unit = calibration.pixel_size->unit;
    geometry.pixel = calibration.pixel_size->value;
  } else if (one_unit) {
    geometry.unit = axes.unit();
    geometry.pixel = std::sqrt(std::abs(axes.y.scale * axes.x.scale));
  }
  return geometry;
}

bool center_known(const Calibration& calibration, const PlaneParams& params) {
  return calibration.origin || (params.center_y && params.center_x);
}

Axes bin_axes(const RadialGeometry& geometry) {
  const Axis radius{.name = "radius",
                    .quantity = quantity_of(geometry.unit),
                    .units = geometry.unit,
                    .role = Role::signal,
                    .size = geometry.rings,
                    .scale = geometry.step * geometry.pixel,
                    .offset = geometry.step * geometry.pixel / 2};
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

std::string place_center(RadialGeometry& geometry, const Dataset& data, const Calibration& calibration,
                         const PlaneParams& params, const std::vector<std::uint8_t>& left_out, Context& context) {
  std::string how = "given";
  if (calibration.origin && !(params.center_y && params.center_x)) {
    how = "the calibrated origin";
  } else if (!center_known(calibration, params)) {
    const Shape frame = data.describe().signal_shape();
    const Look look = look_at_frames(data, {}, left_out, context);
    const BeamCenter beam = find_beam_center(look.sum, frame[0], frame[1], left_out);
    geometry.center_y = params.center_y.value_or(beam.y);
    geometry.center_x = params.center_x.value_or(beam.x);
    how = "centre of mass of the bright disc, radius " + show(beam.radius) + " px, of " + std::to_string(look.frames) +
          (look.frames == 1 ? " frame" : " frames");
  } else if (calibration.origin) {
    how = "given, in place of the calibrated origin";
  }
  return "centre (" + show(geometry.center_x) + ", " + show(geometry.center_y) + ") px: " + how;
}

std::string ellipse_story(const Calibration& calibration, const PlaneParams& params) {
  const auto told = [](double ratio, double angle) { return "ellipse " + show(ratio) + " at " + show(angle) + "°"; };
  if (params.ellipse_ratio) {
    const std::string instead = calibration.ellipse ? ", as given in place of the calibrated one" : ", as given";
    if (*params.ellipse_ratio == 1 && !calibration.ellipse) return "";
    return told(*params.ellipse_ratio, params.ellipse_angle.value_or(0)) + instead;
  }
  if (!calibration.ellipse) return "";
  return told(calibration.ellipse->ratio, calibration.ellipse->angle) + ", as calibrated";
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
    if (!line.empty()) outlines.push_back({show(radius * g.pixel) + " " + g.unit, {line}});
  }
  const Axes both{axes.y, axes.x};
  return {.name = "mean",
          .title = "Mean pattern",
          .value = dataset_over<double>(both, "Mean pattern", "Mean value", pattern),
          .view = View::pattern,
          .outlines = outlines};
}

}  // namespace ruska::ops::diffraction
