// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace ruska::io {

/// Whether little-endian numbers must be turned around on this machine.
inline constexpr bool little_endian_is_swapped = std::endian::native == std::endian::big;

/// The little-endian unsigned integer of type T at `offset`; the caller has checked that it lies within `bytes`.
template <class T>
T load(std::span<const std::byte> bytes, std::size_t offset = 0) {
  static_assert(std::is_unsigned_v<T>);
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(bytes[offset + i]) << (8 * i)));
  }
  return value;
}

}  // namespace ruska::io
