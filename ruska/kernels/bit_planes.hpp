// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace ruska::kernels {

/// Puts bytes together from rows of their bits: bit b of byte 8i + k of `out` is bit k of byte i of row b. The eight
/// rows of `row_bytes` bytes follow each other; `out` gets 8 · row_bytes bytes.
void merge_bit_rows(const std::uint8_t* rows, std::size_t row_bytes, std::uint8_t* out);

/// Puts elements of `item` bytes together from planes that hold their first bytes, their second bytes, …: byte b of
/// element i of `out` is byte i of plane b. The planes of `elements` bytes follow each other.
void merge_byte_planes(const std::uint8_t* planes, std::size_t elements, std::size_t item, std::uint8_t* out);

/// The other way round: byte i of plane b of `out` is byte b of element i.
void split_byte_planes(const std::uint8_t* in, std::size_t elements, std::size_t item, std::uint8_t* planes);

namespace reference {

/// The bytes [begin, end) of the rows alone.
inline void merge_bit_rows(const std::uint8_t* rows, std::size_t row_bytes, std::size_t begin, std::size_t end,
                           std::uint8_t* out) {
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t k = 0; k < 8; ++k) {
      unsigned byte = 0;
      for (std::size_t b = 0; b < 8; ++b) byte |= (rows[b * row_bytes + i] >> k & 1u) << b;
      out[8 * i + k] = static_cast<std::uint8_t>(byte);
    }
  }
}

/// The elements [begin, end) alone.
inline void merge_byte_planes(const std::uint8_t* planes, std::size_t elements, std::size_t item, std::size_t begin,
                              std::size_t end, std::uint8_t* out) {
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t b = 0; b < item; ++b) out[i * item + b] = planes[b * elements + i];
  }
}

inline void split_byte_planes(const std::uint8_t* in, std::size_t elements, std::size_t item, std::size_t begin,
                              std::size_t end, std::uint8_t* planes) {
  for (std::size_t b = 0; b < item; ++b) {
    for (std::size_t i = begin; i < end; ++i) planes[b * elements + i] = in[i * item + b];
  }
}

}  // namespace reference

}  // namespace ruska::kernels
