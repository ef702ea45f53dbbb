// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace ruska::kernels {

/// Writes the indices of the values that differ from zero (NaN does), rising, to `index`, which has room for `count`;
/// returns how many there are.
std::size_t find_nonzeros(const std::uint8_t* values, std::size_t count, std::uint32_t* index);
std::size_t find_nonzeros(const std::uint16_t* values, std::size_t count, std::uint32_t* index);
std::size_t find_nonzeros(const std::uint32_t* values, std::size_t count, std::uint32_t* index);
std::size_t find_nonzeros(const float* values, std::size_t count, std::uint32_t* index);
std::size_t find_nonzeros(const double* values, std::size_t count, std::uint32_t* index);

namespace reference {
template <class T>
std::size_t find_nonzeros(const T* values, std::size_t count, std::uint32_t* index) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (values[i] != T{0}) index[found++] = static_cast<std::uint32_t>(i);
  }
  return found;
}
}  // namespace reference

/// The same for the types that have no vectors of their own.
template <class T>
std::size_t find_nonzeros(const T* values, std::size_t count, std::uint32_t* index) {
  return reference::find_nonzeros(values, count, index);
}

}  // namespace ruska::kernels
