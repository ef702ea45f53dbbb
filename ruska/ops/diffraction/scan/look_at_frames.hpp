// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/dataset.hpp"
#include "ruska/ops/diffraction/scan/frame_reader.hpp"

namespace ruska::ops::diffraction {

/// The mean of at most 256 frames (64 MiB) evenly spread over the scan; values that are not finite count as 0.
struct Look {
  std::vector<double> mean;
  std::int64_t frames = 0;
  std::optional<std::int64_t> not_finite{};  ///< the first frame looked at that has a value that is not finite
};

Look look_at_frames(const Dataset& data, const Correction& correction, Context& context);

}  // namespace ruska::ops::diffraction
