// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/mass_center.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ruska/ops/diffraction/pattern_axes.hpp"

namespace ruska::ops::diffraction {
namespace {

/// How a place in pixels becomes what is told: matrix · (place − from), or coordinates of the axes.
struct Telling {
  bool calibrated = false;
  Matrix matrix{};
  std::string unit{}, story{};
};

Telling telling_of(const Description& data, const ScanSetup& setup) {
  const SignalAxes axes = signal_axes(data);
  const Calibration& known = setup.calibration;
  Telling telling;
  telling.calibrated = !known.empty();
  if (!telling.calibrated) {
    telling.matrix = {axes.x.scale, 0, 0, axes.y.scale};
    telling.unit = axes.x.units.empty() ? "px" : axes.x.units;
    telling.story = "Coordinates on the detector: x to the right, y downward.";
    return telling;
  }
  const double scale = setup.physical ? setup.physical->value : 1.0;
  telling.matrix = Matrix{scale, 0, 0, scale} * known.to_scan();
  telling.unit = setup.physical ? setup.physical->unit : "px";
  telling.story = known.origin ? "From the calibrated origin of each position, " : "From the mean of all frames, ";
  telling.story += known.rotation ? "in the scan's frame: x and y as in the images" : "along the detector's x and y";
  if (known.ellipse) telling.story += ", the ellipse taken out";
  if (known.rotation && !known.rotation->sign_known) telling.story += "; or all the other way, 180° on";
  telling.story += ".";
  return telling;
}

}  // namespace

template <class Sum>
MassCenters mass_centers(std::span<const Sum> sums, std::int64_t stride, std::span<const Sum> pattern,
                         const Description& data, const ScanSetup& setup) {
  const SignalAxes axes = signal_axes(data);
  const auto positions = static_cast<std::size_t>(data.navigation_size());
  const auto width = static_cast<std::size_t>(axes.x.size);
  const Shape scan = data.navigation_shape();
  double total = 0;
  Vector mean;
  for (std::size_t p = 0; p < pattern.size(); ++p) {
    const auto value = static_cast<double>(pattern[p]);
    total += value;
    mean.x += value * static_cast<double>(p % width);
    mean.y += value * static_cast<double>(p / width);
  }
  mean = {mean.x / total, mean.y / total};
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t p = 0; p < pattern.size(); ++p) {
    const auto value = static_cast<double>(pattern[p]);
    const Vector from = Vector{static_cast<double>(p % width), static_cast<double>(p / width)} - mean;
    xx += value * from.x * from.x;
    yy += value * from.y * from.y;
    xy += value * from.x * from.y;
  }
  const auto counts_of = [&](std::size_t p) { return static_cast<double>(sums[p * static_cast<std::size_t>(stride)]); };
  const auto center_of = [&](std::size_t p) {
    const Sum* const of = sums.data() + p * static_cast<std::size_t>(stride);
    return Vector{static_cast<double>(of[1]) / counts_of(p), static_cast<double>(of[2]) / counts_of(p)};
  };
  for (std::size_t p = 0; p < positions; ++p) {
    const double counts = counts_of(p);
    if (!(counts > 0)) continue;
    const Vector from = center_of(p) - mean;
    xx -= counts * from.x * from.x;
    yy -= counts * from.y * from.y;
    xy -= counts * from.x * from.y;
  }
  xx = std::max(0.0, xx / total);
  yy = std::max(0.0, yy / total);
  xy /= total;

  const Telling telling = telling_of(data, setup);
  const Matrix& m = telling.matrix;
  const double variance_x = std::max(0.0, m.xx * m.xx * xx + m.xy * m.xy * yy + 2 * m.xx * m.xy * xy);
  const double variance_y = std::max(0.0, m.yx * m.yx * xx + m.yy * m.yy * yy + 2 * m.yx * m.yy * xy);
  const auto told = [&](Vector place, Vector from) { return telling.calibrated ? m * (place - from) : axes.at(place); };
  MassCenters result;
  result.unit = telling.unit;
  result.story = telling.story;
  const auto& origin = setup.calibration.origin;
  result.mean = axes.at(mean);
  result.center.assign(2 * positions, std::numeric_limits<double>::quiet_NaN());
  result.sigma = result.center;
  for (std::size_t p = 0; p < positions; ++p) {
    const double counts = counts_of(p);
    if (!(counts > 0)) continue;
    const Vector from = origin ? origin->at_position(static_cast<std::int64_t>(p), scan) : mean;
    const Vector at = told(center_of(p), from);
    result.center[p] = at.x;
    result.center[positions + p] = at.y;
    result.sigma[p] = std::sqrt(variance_x / counts);
    result.sigma[positions + p] = std::sqrt(variance_y / counts);
  }
  return result;
}

template MassCenters mass_centers(std::span<const std::int64_t>, std::int64_t, std::span<const std::int64_t>,
                                  const Description&, const ScanSetup&);
template MassCenters mass_centers(std::span<const double>, std::int64_t, std::span<const double>, const Description&,
                                  const ScanSetup&);

}  // namespace ruska::ops::diffraction
