// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/ops/diffraction/plane.hpp"

namespace ruska::ops::diffraction {

/// A shape on the detector, lengths from the scan's centre.
struct DetectorShape {
  enum class Kind { disc, annulus, segments, polygon };
  std::string name;
  Kind kind = Kind::disc;
  double inner = 0, outer = 0;  ///< radii; a disc has the outer one
  std::int64_t segments = 1;
  double angle = 0;               ///< degrees from x towards y at which the first segment begins
  std::vector<double> corners{};  ///< x, y, x, y … of a polygon
  double x = 0, y = 0;            ///< of its middle, from the scan's centre

  /// Detectors that the shape makes: one, or its number of segments.
  std::int64_t count() const { return kind == Kind::segments ? segments : 1; }
};

/// "NAME=disc:R", "NAME=annulus:R1:R2", "NAME=segments:N:R1:R2" or "…:ANGLE", "NAME=polygon:X:Y:X:Y:X:Y…", each with
/// "@X:Y" behind it where its middle is not the centre. Throws invalid_argument with what is wrong.
DetectorShape parse_detector(const std::string& text);
/// What `parse_detector` reads.
std::string definition_of(const DetectorShape& shape);

/// Frames, their centre in pixels, and how pixels about it become the detectors' lengths.
struct FrameGeometry {
  std::int64_t height = 0, width = 0;
  double center_x = 0, center_y = 0;
  Matrix to_lengths{};
  std::int64_t shift_x = 0, shift_y = 0;  ///< whole pixels that the centre is moved by

  /// A pixel from the centre, in lengths. A shift moves what it gives by exactly as many pixels.
  Vector at(std::int64_t row, std::int64_t column) const {
    return to_lengths *
           Vector{static_cast<double>(column - shift_x) - center_x, static_cast<double>(row - shift_y) - center_y};
  }
};

/// A closed line around a detector, in pixels: x, y, x, y …
struct DetectorOutline {
  std::string name;
  std::vector<std::vector<double>> lines;
};

/// A binary detector: the pixels whose centre lies in the shape.
struct Detector {
  std::string name;
  std::vector<std::uint8_t> mask;  ///< height · width bytes, 0 or 1
  DetectorOutline outline;
};

/// A disc holds r ≤ R, a ring R1 < r ≤ R2 (with R1 = 0 its middle too), a segment the angles from its begin up to, but
/// not including, its end; of a polygon that crosses itself every other part is in. Throws invalid_argument for a
/// detector without a pixel, unless the centre is shifted.
std::vector<Detector> make_detectors(const DetectorShape& shape, const FrameGeometry& geometry);

}  // namespace ruska::ops::diffraction
