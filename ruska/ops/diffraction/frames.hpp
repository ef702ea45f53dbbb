// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/dataset.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/ops/diffraction/scan/frame_reader.hpp"

namespace ruska::ops::diffraction {

/// Whether values are counts, by a parameter "auto", "counts" or "none"; auto: integers are.
bool are_counts(const std::string& noise, const Description& data);

/// "[3, 17]": a navigation position as people count it.
std::string position_text(const Description& data, std::int64_t position);

/// Throws bad_data naming position and pixel of a value that is not finite, or below zero where counts are needed.
[[noreturn]] void refuse_value(const Description& data, std::int64_t position, std::int64_t pixel, double value);

/// Throws bad_data for a value that is not finite, or below zero where `counts`, in a pixel without a nonzero byte in
/// `left_out` (empty for none). `values` are the pixels [first, first + count) of a frame.
template <class T>
void check_values(const T* values, std::int64_t count, std::int64_t first, std::int64_t position,
                  const Description& data, const std::vector<std::uint8_t>& left_out, bool counts) {
  if constexpr (std::is_unsigned_v<T>) return;
  for (std::int64_t i = 0; i < count; ++i) {
    bool good = !counts || !(values[i] < T{0});
    if constexpr (std::is_floating_point_v<T>) good = good && std::isfinite(values[i]);
    if (good || (!left_out.empty() && left_out[static_cast<std::size_t>(first + i)] != 0)) continue;
    refuse_value(data, position, first + i, static_cast<double>(values[i]));
  }
}

/// Calls `use(position, frame)` with every frame of the range in its stored type, rising; without a copy where the
/// source holds it in memory. `T` is the stored type.
template <class T>
void for_each_stored_frame(const Dataset& data, RowRange range, const std::function<void(std::int64_t, const T*)>& use);

/// Calls `use(position, frame)` with every frame of the range as float64, rising. Throws bad_data as `check_values`.
void for_each_frame(const Dataset& data, RowRange range, bool counts, const std::vector<std::uint8_t>& left_out,
                    const std::function<void(std::int64_t, std::span<const double>)>& use);

/// Bytes that one call of `for_each_stored_frame` or `for_each_frame` holds.
std::int64_t frame_bytes_held(const Description& data);

/// The sum of at most 256 frames (64 MiB) evenly spread over the scan. Pixels that are left out and values that are not
/// finite count as 0: the pass over all frames names the latter.
struct Look {
  std::vector<double> sum;
  std::int64_t frames = 0;
  std::optional<std::int64_t> not_finite{};  ///< the first frame looked at with a value that is not finite

  std::vector<double> mean() const;
};
Look look_at_frames(const Dataset& data, const Correction& correction, const std::vector<std::uint8_t>& left_out,
                    Context& context);

}  // namespace ruska::ops::diffraction
