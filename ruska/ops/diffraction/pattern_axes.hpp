// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ruska/core/metadata.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/ops/diffraction/plane.hpp"

// The two signal axes of diffraction patterns, and what lies over them.
namespace ruska::ops::diffraction {

/// y and x of the detector: the last two axes.
struct SignalAxes {
  const Axis& y;
  const Axis& x;

  /// Coordinates of a pixel.
  Vector at(Vector pixel) const { return {x.at(pixel.x), y.at(pixel.y)}; }
  /// What both are in; empty where they differ or no unit is known.
  std::string unit() const { return y.units == x.units ? x.units : std::string(); }
};

inline SignalAxes signal_axes(const Description& data) { return {data.axes[data.axes.size() - 2], data.axes.back()}; }

/// Throws invalid_argument unless both signal axes are uniform.
void require_uniform_signal_axes(const Description& data, const std::string& operation);

/// Throws invalid_argument naming `port` when the dataset there, if any, has not the shape of a frame.
void check_frame_port(const Inputs& inputs, const std::string& port);

/// Values over the signal axes, with the data's metadata.
template <class V>
Dataset pattern_dataset(const Description& data, const std::string& title, std::span<const V> values) {
  Description description;
  description.title = title;
  description.signal_type = data.signal_type;
  description.metadata = data.metadata;
  set(description.metadata, "General.title", title);
  description.axes.assign(data.axes.end() - 2, data.axes.end());
  return Dataset::from_values<V>(std::move(description), values);
}

/// A closed line in the axes' units about the pixel `center`: the circle of the given radius, mapped by `matrix`.
inline std::vector<double> circle_line(const Description& data, Vector center, double radius,
                                       const Matrix& matrix = {}) {
  constexpr int points = 120;
  const SignalAxes axes = signal_axes(data);
  std::vector<double> line;
  for (int i = 0; i <= points; ++i) {
    const double angle = 2 * std::numbers::pi * i / points;
    const Vector at = axes.at(center + radius * (matrix * Vector{std::cos(angle), std::sin(angle)}));
    line.insert(line.end(), {at.x, at.y});
  }
  return line;
}

}  // namespace ruska::ops::diffraction
