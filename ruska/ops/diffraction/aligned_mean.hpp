// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/dataset.hpp"
#include "ruska/ops/diffraction/calibration.hpp"

namespace ruska::ops::diffraction {

/// The mean of all patterns.
struct AlignedMean {
  std::vector<double> pattern;   ///< 0 where no pattern reaches
  std::vector<double> coverage;  ///< patterns that reach each pixel
  Vector center{};               ///< where the origin lies in it, px
};

/// Patterns are moved, by linear interpolation between pixels, so that the origin of each lies where the mean origin of
/// the scan is; with no origin known, or the same for all, they are added as they are and `center` is that origin or
/// the frame's middle. Pixels with a nonzero byte in `left_out` (empty for none) count nowhere. Throws bad_data for
/// values that are not finite.
AlignedMean aligned_mean(const Dataset& data, const Calibration& calibration, const std::vector<std::uint8_t>& left_out,
                         Context& context);

/// Bytes that it holds at its peak, without and per worker.
struct AlignedMeanMemory {
  std::int64_t held = 0, per_worker = 0;
};
AlignedMeanMemory aligned_mean_memory(const Description& data);

}  // namespace ruska::ops::diffraction
