// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/ops/diffraction/plane.hpp"

namespace ruska::ops::diffraction {

/// The centre of the brightest disc of a pattern, px, with its standard deviation by counting statistics.
struct DiscCenter {
  bool found = false;  ///< false where nothing is bright, or the disc is cut by the pattern's edge
  Vector at{}, sigma{};
};

/// Looks for discs of one radius in height × width patterns. One object per worker.
class DiscFinder {
 public:
  DiscFinder(std::int64_t height, std::int64_t width, double radius);

  /// The maximum of the pattern blurred to the disc's size (two running means of the radius' length along each axis),
  /// then the centre of mass within 1.2 radii, repeated about its own result until it stays; the window's rim is one
  /// pixel soft. Repeating removes the pull of an even background towards the window's middle and raises the noise by
  /// 1 / (1 − J), J the share of a move of the window that its centre of mass follows; both are in `sigma`.
  /// `frame` holds finite values, one count per electron; pixels left out are 0.
  DiscCenter find(std::span<const double> frame);

  /// Bytes that one object holds.
  static std::int64_t bytes_held(std::int64_t height, std::int64_t width) { return 2 * 8 * height * width; }

 private:
  void blur_lines(const std::vector<double>& from, std::vector<double>& to, std::int64_t lines,
                  std::int64_t line_stride, std::int64_t length, std::int64_t stride) const;

  std::int64_t height_, width_, half_;
  double radius_;
  std::vector<double> blurred_, scratch_;
};

}  // namespace ruska::ops::diffraction
