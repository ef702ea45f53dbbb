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

/// The disc of a height × width pattern: what hangs together with the brightest pixel above a level at which the area
/// above changes least. That level is the mean of those of 100 thresholds whose step in √(area/π) is at most twice the
/// median step. The centre is the disc's centroid, the radius √(area/π). A median of 3 × 3 pixels keeps hot pixels out;
/// pixels with a nonzero byte in `left_out` (empty for none) count as dark. Throws bad_data when nothing is bright.
BrightDisc find_bright_disc(std::span<const double> pattern, std::int64_t height, std::int64_t width,
                            std::span<const std::uint8_t> left_out);

}  // namespace ruska::ops::diffraction
