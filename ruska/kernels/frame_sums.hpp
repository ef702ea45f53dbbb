// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include "ruska/kernels/frame_masks.hpp"

namespace ruska::kernels {

/// What sums within a frame are held in: exact for integers.
template <class T>
using FrameSum = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;

/// What a pixel's sum over frames is held in. Of 8- and 16-bit integers it is exact for `frames_per_partial` frames,
/// after which the caller must carry it over into something wider.
template <class T>
using PixelSum =
    std::conditional_t<std::is_floating_point_v<T>, double,
                       std::conditional_t<(sizeof(T) > 2), std::int64_t,
                                          std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>>>;
template <class T>
inline constexpr std::int64_t frames_per_partial = std::is_integral_v<T> && sizeof(T) <= 2 ? 32768 : INT64_MAX;

/// What a pixel's sum of squares is held in: exact for integers of 8 and 16 bits.
template <class T>
using PixelSquares = std::conditional_t<std::is_integral_v<T> && sizeof(T) <= 2, std::uint64_t, double>;

/// Accumulators over frames, one element per pixel of the whole frame; null for those not wanted.
template <class T>
struct Patterns {
  PixelSum<T>* sum = nullptr;
  T* maximum = nullptr;
  PixelSquares<T>* squares = nullptr;
};

/// Rows [first_row, first_row + rows) of consecutive frames in memory.
template <class T>
struct FrameRows {
  const T* values = nullptr;      ///< of the first frame, at `first_row`
  std::int64_t frame_stride = 0;  ///< elements from a frame to the next
  std::int64_t frames = 0;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
};

/// Adds to `sums`, frames × masks.sums() in C order, the sums of each frame over the given rows, and takes the rows
/// into the patterns. Floats are summed in float64 in an order that depends on the frame's width and the masks alone.
/// Throws bad_data when a sum of 32- or 64-bit integers leaves 63 bits. For every real type of a dataset.
template <class T>
void add_frames(const FrameRows<T>& frames, const FrameMasks& masks, FrameSum<T>* sums, const Patterns<T>& patterns);

namespace reference {
template <class T>
void add_frames(const FrameRows<T>& frames, const FrameMasks& masks, FrameSum<T>* sums, const Patterns<T>& patterns) {
  for (std::int64_t f = 0; f < frames.frames; ++f) {
    FrameSum<T>* const sum = sums + f * masks.sums();
    for (std::int64_t r = 0; r < frames.rows; ++r) {
      const std::int64_t y = frames.first_row + r;
      for (std::int64_t x = 0; x < masks.width(); ++x) {
        const std::int64_t pixel = y * masks.width() + x;
        const T value = frames.values[f * frames.frame_stride + r * masks.width() + x];
        const auto wide = static_cast<FrameSum<T>>(value);
        if (masks.bytes(0)[pixel] != 0) {
          sum[0] += wide;
          sum[1] += wide * static_cast<FrameSum<T>>(x);
          sum[2] += wide * static_cast<FrameSum<T>>(y);
        }
        for (std::int64_t d = 0; d < masks.detectors(); ++d) {
          if (masks.bytes(1 + d)[pixel] != 0) sum[3 + d] += wide;
        }
        if (patterns.sum != nullptr) patterns.sum[pixel] += static_cast<PixelSum<T>>(value);
        if (patterns.maximum != nullptr && value > patterns.maximum[pixel]) patterns.maximum[pixel] = value;
        if (patterns.squares != nullptr) {
          const auto square =
              static_cast<std::conditional_t<std::is_integral_v<PixelSquares<T>>, std::int64_t, double>>(value);
          patterns.squares[pixel] += static_cast<PixelSquares<T>>(square * square);
        }
      }
    }
  }
}
}  // namespace reference

}  // namespace ruska::kernels
