// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace ruska::kernels {

/// Copies `bytes` bytes with the bytes of every number of `width` bytes (1, 2, 4, 8 or 16) reversed; `in` and `out` are
/// the same or do not overlap. A rest shorter than a number is copied as it is.
void reverse_numbers(const std::uint8_t* in, std::size_t bytes, std::size_t width, std::uint8_t* out);

/// The same for `rows` rows of `bytes` bytes each; the next row begins `in_step` bytes after this one and is put
/// `out_step` bytes, which may be negative, after it.
void reverse_numbers_of_rows(const std::uint8_t* in, std::ptrdiff_t in_step, std::size_t rows, std::size_t bytes,
                             std::size_t width, std::uint8_t* out, std::ptrdiff_t out_step);

namespace reference {

/// From byte `begin` on, where a number begins.
inline void reverse_numbers(const std::uint8_t* in, std::size_t begin, std::size_t bytes, std::size_t width,
                            std::uint8_t* out) {
  std::size_t i = begin;
  for (; i + width <= bytes; i += width) {
    for (std::size_t low = 0, high = width - 1; low <= high && high < width; ++low, --high) {
      const std::uint8_t byte = in[i + low];
      out[i + low] = in[i + high];
      out[i + high] = byte;
    }
  }
  for (; i < bytes; ++i) out[i] = in[i];
}

}  // namespace reference

}  // namespace ruska::kernels
