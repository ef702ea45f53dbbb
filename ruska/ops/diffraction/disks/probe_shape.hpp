// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ruska::ops::diffraction {

/// The probe as it falls on the detector, 1 where it is flat, by the offset from its centre in pixels.
class ProbeShape {
 public:
  /// A disc whose edge is blurred by a Gaussian of this standard deviation, averaged over the pixel's square.
  static ProbeShape disc(double radius, double blur);
  /// A vacuum probe: less its background, about the centroid of its disc, cut off at one and a half radii; between
  /// pixels cubic. Pixels with a nonzero byte in `left_out` (empty for none) count as dark. Throws bad_data when
  /// nothing is bright.
  static ProbeShape measured(std::span<const double> pattern, std::int64_t height, std::int64_t width,
                             std::span<const std::uint8_t> left_out);

  double radius() const { return radius_; }
  double at(double dy, double dx) const;
  /// It is 0 at this distance and beyond.
  double reach() const;

 private:
  double radius_ = 0, blur_ = 0;
  std::int64_t side_ = 0;  // of the measured image, whose middle is the centre
  std::vector<double> image_;
};

}  // namespace ruska::ops::diffraction
