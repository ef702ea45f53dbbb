// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/disks/probe_shape.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ruska/ops/diffraction/scan/bright_disc.hpp"

namespace ruska::ops::diffraction {
namespace {

/// Catmull and Rom's cubic through values at −1, 0, 1, 2 (Computer Aided Geometric Design, 317 (1974)).
double cubic(const double v[4], double t) {
  return v[1] +
         0.5 * t * (v[2] - v[0] + t * (2 * v[0] - 5 * v[1] + 4 * v[2] - v[3] + t * (3 * (v[1] - v[2]) + v[3] - v[0])));
}

/// A value of a square image at a place between pixels; 0 outside.
double interpolated(std::span<const double> image, std::int64_t height, std::int64_t width, double y, double x) {
  const auto row = static_cast<std::int64_t>(std::floor(y)), column = static_cast<std::int64_t>(std::floor(x));
  double lines[4];
  for (std::int64_t i = 0; i < 4; ++i) {
    double values[4] = {};
    const std::int64_t r = row - 1 + i;
    for (std::int64_t j = 0; j < 4; ++j) {
      const std::int64_t c = column - 1 + j;
      if (r >= 0 && c >= 0 && r < height && c < width) values[j] = image[static_cast<std::size_t>(r * width + c)];
    }
    lines[i] = cubic(values, x - static_cast<double>(column));
  }
  return cubic(lines, y - static_cast<double>(row));
}

}  // namespace

ProbeShape ProbeShape::disc(double radius, double blur) {
  ProbeShape shape;
  shape.radius_ = radius;
  shape.blur_ = blur;
  return shape;
}

ProbeShape ProbeShape::measured(std::span<const double> pattern, std::int64_t height, std::int64_t width,
                                std::span<const std::uint8_t> left_out) {
  std::vector<double> clean(pattern.begin(), pattern.end());
  for (std::size_t i = 0; i < left_out.size(); ++i) {
    if (left_out[i] != 0) clean[i] = 0;
  }
  const BrightDisc bright = find_bright_disc(pattern, height, width, left_out);
  // Background: the median well outside the disc, where there is any such place.
  std::vector<double> outside, inside;
  const auto distance = [&](std::int64_t y, std::int64_t x, double cy, double cx) {
    return std::hypot(static_cast<double>(y) - cy, static_cast<double>(x) - cx);
  };
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const double r = distance(y, x, bright.y, bright.x), value = clean[static_cast<std::size_t>(y * width + x)];
      if (r > 1.5 * bright.radius + 2) outside.push_back(value);
      if (r < 0.6 * bright.radius + 0.5) inside.push_back(value);
    }
  }
  const auto median = [](std::vector<double>& values) {
    if (values.empty()) return 0.0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  };
  const double background = median(outside), height_of_disc = std::max(median(inside) - background, 1e-300);
  double sum = 0, sum_y = 0, sum_x = 0;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      double& value = clean[static_cast<std::size_t>(y * width + x)];
      value = (value - background) / height_of_disc;
      if (distance(y, x, bright.y, bright.x) > 1.25 * bright.radius + 1) continue;
      sum += value;
      sum_y += value * static_cast<double>(y);
      sum_x += value * static_cast<double>(x);
    }
  }
  ProbeShape shape;
  shape.radius_ = bright.radius;
  const auto half = static_cast<std::int64_t>(std::ceil(1.5 * bright.radius + 2));
  shape.side_ = 2 * half + 1;
  for (std::int64_t y = -half; y <= half; ++y) {
    for (std::int64_t x = -half; x <= half; ++x) {
      const double value = interpolated(clean, height, width, sum_y / sum + static_cast<double>(y),
                                        sum_x / sum + static_cast<double>(x));
      // From 1.25 to 1.5 radii it fades out, so that what lies around the probe does not belong to it.
      const double r = std::hypot(static_cast<double>(y), static_cast<double>(x)) / bright.radius;
      const double fade = r <= 1.25 ? 1 : r >= 1.5 ? 0 : 0.5 + 0.5 * std::cos(4 * std::numbers::pi * (r - 1.25));
      shape.image_.push_back(std::max(0.0, value) * fade);
    }
  }
  return shape;
}

double ProbeShape::reach() const {
  return image_.empty() ? radius_ + 4 * blur_ + std::numbers::sqrt2 / 2 : static_cast<double>(side_ / 2) + 1;
}

double ProbeShape::at(double dy, double dx) const {
  if (image_.empty()) {
    // The mean over the pixel's square; away from the edge there is nothing to average.
    const double middle_distance = std::hypot(dy, dx), near = reach() - radius_;
    if (middle_distance >= radius_ + near) return 0;
    if (middle_distance <= radius_ - near) return 1;
    constexpr int points = 8;
    double sum = 0;
    for (int i = 0; i < points; ++i) {
      for (int j = 0; j < points; ++j) {
        const double r = std::hypot(dy + (i + 0.5) / points - 0.5, dx + (j + 0.5) / points - 0.5) - radius_;
        // Without a blur of its own a point counts by its part of the square, which keeps the shape smooth.
        const double width = std::max(blur_, 0.5 / points);
        sum += r > 4 * width ? 0 : r < -4 * width ? 1 : 0.5 * std::erfc(r / (std::numbers::sqrt2 * width));
      }
    }
    return sum / (points * points);
  }
  const double middle = static_cast<double>(side_ / 2);
  return std::max(0.0, interpolated(image_, side_, side_, middle + dy, middle + dx));
}

}  // namespace ruska::ops::diffraction
