// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/dataset.hpp"
#include "ruska/core/executor.hpp"

namespace ruska::ops::diffraction {

/// "[3, 17]": a navigation position as people count it.
std::string position_text(const Description& data, std::int64_t position);

/// Calls `use(position, frame)` with every frame of the range as float64, rising. Throws bad_data, with position and
/// pixel, for a value that is not finite, and for one below zero where `counts`.
void for_each_frame(const Dataset& data, RowRange range, bool counts,
                    const std::function<void(std::int64_t, std::span<const double>)>& use);

/// Bytes that one call of `for_each_frame` holds.
std::int64_t frame_bytes_held(const Description& data);

/// The sum of at most 256 frames (64 MiB) evenly spread over the scan.
struct SomeFrames {
  std::vector<double> sum;
  std::int64_t number = 0;
};
SomeFrames sum_of_some_frames(const Dataset& data, bool counts, Context& context);

}  // namespace ruska::ops::diffraction
