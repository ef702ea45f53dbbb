// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace ruska::ops::diffraction {

// Loops over one line of an image, several pixels at a time: the compiler makes vectors of the inner loops, and the
// order of sums is fixed.

inline constexpr std::int64_t line_lanes = 16;

/// The highest of `count` values, or 0 where none is above it.
inline float highest_of(const float* values, std::int64_t count) {
  float highest[line_lanes] = {};
  std::int64_t x = 0;
  for (; x + line_lanes <= count; x += line_lanes) {
    for (std::int64_t i = 0; i < line_lanes; ++i) highest[i] = highest[i] < values[x + i] ? values[x + i] : highest[i];
  }
  for (; x < count; ++x) highest[0] = std::max(highest[0], values[x]);
  return *std::max_element(highest, highest + line_lanes);
}

/// Calls `use(x)`, rising, for the x in [begin, end) for which `holds(x)`, a cheap expression without branches.
template <class Holds, class Use>
void for_each_pixel_where(std::int64_t begin, std::int64_t end, const Holds& holds, const Use& use) {
  std::int64_t x = begin;
  for (; x + line_lanes <= end; x += line_lanes) {
    std::int32_t found[line_lanes], any = 0;
    for (std::int64_t i = 0; i < line_lanes; ++i) {
      found[i] = holds(x + i) ? 1 : 0;
      any |= found[i];
    }
    if (any == 0) continue;
    for (std::int64_t i = 0; i < line_lanes; ++i) {
      if (found[i] != 0) use(x + i);
    }
  }
  for (; x < end; ++x) {
    if (holds(x)) use(x);
  }
}

}  // namespace ruska::ops::diffraction
