// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ruska::ops::diffraction {

/// The direct beam in a pattern, in pixels; the centre is a whole pixel.
struct BrightDisc {
  double x = 0, y = 0;
  double radius = 0;
};

/// The disc of a height × width pattern. Its radius is that at which the area above a threshold changes least with the
/// threshold: over 100 thresholds, the mean of the radii √(area/π) whose step is at most twice the median step. The
/// centre is the centroid of what lies above the mean of these thresholds. A median of 3 × 3 pixels keeps hot pixels
/// out; pixels with a nonzero byte in `left_out` (empty for none) count as dark. Throws bad_data when nothing is
/// bright.
BrightDisc find_bright_disc(std::span<const double> pattern, std::int64_t height, std::int64_t width,
                            std::span<const std::uint8_t> left_out);

}  // namespace ruska::ops::diffraction
