// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/bitshuffle.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace ruska::io::hdf5 {
namespace {

/// The planes of a known number of bytes, which lets the compiler interleave them in registers.
template <std::size_t item>
void interleave(const std::byte* in, std::size_t elements, std::byte* out) {
  const std::byte* plane[item];
  for (std::size_t b = 0; b < item; ++b) plane[b] = in + b * elements;
  for (std::size_t i = 0; i < elements; ++i) {
    for (std::size_t b = 0; b < item; ++b) out[i * item + b] = plane[b][i];
  }
}

/// The 8 × 8 matrix of bits whose rows are the bytes, transposed (H. S. Warren, "Hacker's Delight", 7-3).
std::uint64_t transposed(std::uint64_t bits) {
  std::uint64_t swap = (bits ^ (bits >> 7)) & 0x00AA00AA00AA00AAULL;
  bits ^= swap ^ (swap << 7);
  swap = (bits ^ (bits >> 14)) & 0x0000CCCC0000CCCCULL;
  bits ^= swap ^ (swap << 14);
  swap = (bits ^ (bits >> 28)) & 0x00000000F0F0F0F0ULL;
  return bits ^ swap ^ (swap << 28);
}

}  // namespace

void unshuffle_bytes(std::span<const std::byte> in, std::size_t item, std::span<std::byte> out) {
  const std::size_t elements = in.size() / item;
  switch (item) {
    case 1: std::memcpy(out.data(), in.data(), elements); break;
    case 2: interleave<2>(in.data(), elements, out.data()); break;
    case 4: interleave<4>(in.data(), elements, out.data()); break;
    case 8: interleave<8>(in.data(), elements, out.data()); break;
    case 16: interleave<16>(in.data(), elements, out.data()); break;
    default:
      for (std::size_t b = 0; b < item; ++b) {
        const std::byte* plane = in.data() + b * elements;
        for (std::size_t i = 0; i < elements; ++i) out[i * item + b] = plane[i];
      }
  }
  std::copy(in.begin() + static_cast<std::ptrdiff_t>(elements * item), in.end(),
            out.begin() + static_cast<std::ptrdiff_t>(elements * item));
}

void unshuffle_bits(std::span<const std::byte> in, std::size_t item, std::span<std::byte> out) {
  const std::size_t elements = in.size() / item, row = elements / 8;
  // First the bits of each byte come together, which leaves bytes shuffled.
  std::vector<std::byte> planes(in.size());
  for (std::size_t b = 0; b < item; ++b) {
    const std::byte* rows = in.data() + b * elements;
    std::byte* to = planes.data() + b * elements;
    for (std::size_t i = 0; i < row; ++i) {
      std::uint64_t bits = 0;
      for (std::size_t bit = 0; bit < 8; ++bit) {
        bits |= static_cast<std::uint64_t>(rows[bit * row + i]) << (8 * bit);
      }
      bits = transposed(bits);
      std::memcpy(to + 8 * i, &bits, sizeof bits);
    }
  }
  unshuffle_bytes(planes, item, out);
}

}  // namespace ruska::io::hdf5
