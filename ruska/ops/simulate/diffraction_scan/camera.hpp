// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ruska/ops/diffraction/calibration.hpp"

namespace ruska::ops::simulate {

using diffraction::Matrix;
using diffraction::Vector;

/// How a pattern falls on the detector at each position of a scan of rows × columns: the truth that calibrations look
/// for.
struct Camera {
  std::int64_t height = 0, width = 0;  ///< of the detector, px
  std::int64_t rows = 0, columns = 0;  ///< of the scan
  diffraction::Calibration truth{};    ///< origin, ellipse, pixel size and rotation, all of them there
  Matrix to_specimen{}, to_detector{};

  Camera(std::int64_t detector_height, std::int64_t detector_width, std::int64_t scan_rows, std::int64_t scan_columns,
         diffraction::Calibration calibration);

  std::int64_t pixels() const { return height * width; }
  /// Whether the centre is the same at all positions.
  bool still() const { return truth.origin->surface == "constant"; }
  Vector origin(std::int64_t position) const;
  /// From the specimen's frame (px from the centre, undistorted) to the detector's pixels.
  Vector on_detector(Vector k, Vector origin) const { return origin + to_detector * k; }

  /// Calls `use(pixel, k)` for every pixel, with the place k in the specimen's frame.
  template <class Use>
  void for_each_pixel(Vector origin, const Use& use) const {
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        use(static_cast<std::size_t>(y * width + x),
            to_specimen * Vector{static_cast<double>(x) - origin.x, static_cast<double>(y) - origin.y});
      }
    }
  }
  /// The same for those pixels only that lie within `reach` of the place `middle`, both in the specimen's frame.
  template <class Use>
  void for_each_pixel_near(Vector origin, Vector middle, double reach, const Use& use) const;
};

/// Centre of a scan with descan error: a plane and a parabola over the scan, in fixed odd directions so that no
/// symmetry hides a mistake. Each amplitude is the length by which the pattern moves from the middle of the scan to its
/// corner.
diffraction::OriginCalibration descan(Vector center, double plane, double parabola, std::int64_t rows,
                                      std::int64_t columns);

template <class Use>
void Camera::for_each_pixel_near(Vector origin, Vector middle, double reach, const Use& use) const {
  const Vector at = on_detector(middle, origin);
  const double reach_x = reach * std::hypot(to_detector.xx, to_detector.xy);
  const double reach_y = reach * std::hypot(to_detector.yx, to_detector.yy);
  const auto within = [](double value, std::int64_t size) {
    return static_cast<std::int64_t>(std::clamp(value, 0.0, static_cast<double>(size)));
  };
  const std::int64_t x_begin = within(std::ceil(at.x - reach_x), width);
  const std::int64_t x_end = within(std::floor(at.x + reach_x) + 1, width);
  const std::int64_t y_begin = within(std::ceil(at.y - reach_y), height);
  const std::int64_t y_end = within(std::floor(at.y + reach_y) + 1, height);
  for (std::int64_t y = y_begin; y < y_end; ++y) {
    for (std::int64_t x = x_begin; x < x_end; ++x) {
      use(static_cast<std::size_t>(y * width + x),
          to_specimen * Vector{static_cast<double>(x) - origin.x, static_cast<double>(y) - origin.y});
    }
  }
}

}  // namespace ruska::ops::simulate
