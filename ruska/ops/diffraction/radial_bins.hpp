// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska::ops::diffraction {

/// How a detector pixel (x, y) lies in the undistorted plane: q = M · (pixel − centre), in pixels of that plane.
struct RadialGeometry {
  double center_y = 0, center_x = 0;
  double xx = 1, xy = 0, yx = 0, yy = 1;  ///< M
  double step = 1;                        ///< width of a ring, in those pixels
  std::int64_t rings = 0;
  std::string unit = "px";   ///< that lengths in the plane are told in
  double pixel = 1;          ///< length of a pixel of the plane in that unit
  std::int64_t sectors = 1;  ///< equal parts of a turn, the first from x towards y; 1 or at least 3
};

/// M for pixels of the given lengths and circles that appear as ellipses with semi-axes in the ratio a/b ≥ 1, the long
/// one at `angle` degrees from x towards y. A pixel of the plane has the area of one of the detector.
void set_distortion(RadialGeometry& geometry, double length_y, double length_x, double ratio, double angle);

/// How pixels are shared out among rings and sectors: each by the area of its square, mapped by M, that lies in the
/// bin, exactly. The shares of a pixel that all rings cover add up to 1.
class RadialBins {
 public:
  /// Pixels with a nonzero byte in `left_out` (empty for none) have no share. Throws invalid_argument when no pixel has
  /// one.
  RadialBins(const RadialGeometry& geometry, std::int64_t height, std::int64_t width,
             const std::vector<std::uint8_t>& left_out);

  /// Rings times sectors; ring r, sector s is bin r · sectors + s.
  std::int64_t bins() const { return static_cast<std::int64_t>(area_.size()); }
  /// Pixels that each bin holds.
  const std::vector<double>& area() const { return area_; }

  struct Share {
    std::int32_t bin;
    double weight;
  };
  /// The shares of pixel p: [start()[p], start()[p + 1]) of shares().
  const std::vector<std::int64_t>& start() const { return start_; }
  const std::vector<Share>& shares() const { return shares_; }

  /// Adds Σ weight · value of the pixels [first, first + count) to `sums`, one per bin.
  template <class T>
  void add(const T* values, std::int64_t first, std::int64_t count, double* sums) const {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto value = static_cast<double>(values[i]);
      if (value == 0) continue;
      const auto p = static_cast<std::size_t>(first + i);
      for (std::int64_t s = start_[p]; s < start_[p + 1]; ++s) {
        const Share& share = shares_[static_cast<std::size_t>(s)];
        sums[share.bin] += share.weight * value;
      }
    }
  }
  /// The same with the squares of the weights: the variance of those sums when the values are counts.
  template <class T>
  void add_squared(const T* values, std::int64_t first, std::int64_t count, double* sums) const {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto value = static_cast<double>(values[i]);
      if (value == 0) continue;
      const auto p = static_cast<std::size_t>(first + i);
      for (std::int64_t s = start_[p]; s < start_[p + 1]; ++s) {
        const Share& share = shares_[static_cast<std::size_t>(s)];
        sums[share.bin] += share.weight * share.weight * value;
      }
    }
  }

  /// Bytes that the bins of such frames hold at most.
  static std::int64_t bytes_held(const RadialGeometry& geometry, std::int64_t height, std::int64_t width);

 private:
  std::vector<double> area_;
  std::vector<std::int64_t> start_;
  std::vector<Share> shares_;
};

/// Area that the polygon with the corners x, y, x, y … shares with the disc of the given radius about the origin;
/// positive for corners that run from x towards y.
double area_in_disc(const std::vector<double>& polygon, double radius);

/// The rings that reach from the centre to the farthest corner of the frame, or to `radius`.
/// Throws invalid_argument when these are more than 65536.
std::int64_t rings_to_corner(const RadialGeometry& geometry, std::int64_t height, std::int64_t width,
                             std::optional<double> radius);

/// The middle of the bright disc to a fraction of a pixel: the centre of mass within 1.2 times its radius, twice.
struct BeamCenter {
  double y = 0, x = 0, radius = 0;
};
BeamCenter find_beam_center(const std::vector<double>& pattern, std::int64_t height, std::int64_t width,
                            const std::vector<std::uint8_t>& left_out);

}  // namespace ruska::ops::diffraction
