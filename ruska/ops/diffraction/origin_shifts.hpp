// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "ruska/ops/diffraction/calibration.hpp"

namespace ruska::ops::diffraction {

/// A move by whole pixels.
struct Shift {
  std::int64_t x = 0, y = 0;
  auto operator<=>(const Shift&) const = default;
};

/// How far the origin of each position lies from the mean origin of the scan, to the nearest whole pixel: what follows
/// the origin so keeps its pixels, within half a pixel along each axis.
class OriginShifts {
 public:
  /// `scan` are the lengths of the navigation axes.
  OriginShifts(OriginCalibration origin, Shape scan);

  Shift at(std::int64_t position) const;
  /// The smallest and the largest shift along each axis.
  Shift low() const { return low_; }
  Shift high() const { return high_; }
  bool none() const { return low_ == Shift{} && high_ == Shift{}; }

 private:
  OriginCalibration origin_;
  Shape scan_;
  Vector mean_;
  Shift low_{}, high_{};
};

}  // namespace ruska::ops::diffraction
