// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ruska::ops::diffraction {

/// A pixel that does not fit its surroundings in the sum over all frames.
struct SuspiciousPixel {
  std::int64_t x = 0, y = 0;
  double sum = 0, expected = 0;
  double excess = 0;  ///< in standard deviations; negative for a dead pixel
};

/// Pixels that are at least as bright (or as dark) as all eight neighbours and differ from the median m of the pixels
/// within two rows and columns by more than `significance` standard deviations, σ² = m + π m / 2n + (1.4826 MAD)², at
/// least one count: counting noise of the pixel and of the median of n, and the scatter of the surroundings. Worst
/// first. Pixels with a nonzero byte in `left_out` (empty for none) neither appear nor count.
std::vector<SuspiciousPixel> find_suspicious_pixels(std::span<const double> sum, std::int64_t height,
                                                    std::int64_t width, std::span<const std::uint8_t> left_out,
                                                    double significance);

}  // namespace ruska::ops::diffraction
