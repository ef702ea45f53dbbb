// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/checksum.hpp"

#include <algorithm>
#include <bit>

#include "ruska/io/little_endian.hpp"

namespace ruska::io::hdf5 {

std::uint32_t metadata_checksum(std::span<const std::byte> bytes) {
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(bytes.size()), b = a, c = a;
  while (bytes.size() > 12) {
    a += load<std::uint32_t>(bytes, 0);
    b += load<std::uint32_t>(bytes, 4);
    c += load<std::uint32_t>(bytes, 8);
    a = (a - c) ^ std::rotl(c, 4), c += b;
    b = (b - a) ^ std::rotl(a, 6), a += c;
    c = (c - b) ^ std::rotl(b, 8), b += a;
    a = (a - c) ^ std::rotl(c, 16), c += b;
    b = (b - a) ^ std::rotl(a, 19), a += c;
    c = (c - b) ^ std::rotl(b, 4), b += a;
    bytes = bytes.subspan(12);
  }
  if (bytes.empty()) return c;
  std::byte last[12]{};
  std::copy(bytes.begin(), bytes.end(), last);
  a += load<std::uint32_t>(last, 0);
  b += load<std::uint32_t>(last, 4);
  c += load<std::uint32_t>(last, 8);
  c = (c ^ b) - std::rotl(b, 14);
  a = (a ^ c) - std::rotl(c, 11);
  b = (b ^ a) - std::rotl(a, 25);
  c = (c ^ b) - std::rotl(b, 16);
  a = (a ^ c) - std::rotl(c, 4);
  b = (b ^ a) - std::rotl(a, 14);
  c = (c ^ b) - std::rotl(b, 24);
  return c;
}

std::uint32_t fletcher32(std::span<const std::byte> bytes) {
  std::uint32_t first = 0, second = 0;
  const auto fold = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  std::size_t at = 0;
  while (at + 1 < bytes.size()) {
    // As many words as the sums hold before they overflow.
    const std::size_t end = std::min(bytes.size() - 1, at + 720);
    for (; at < end; at += 2) {
      first += static_cast<std::uint32_t>(bytes[at]) << 8 | static_cast<std::uint32_t>(bytes[at + 1]);
      second += first;
    }
    first = fold(first);
    second = fold(second);
  }
  if (at < bytes.size()) {
    first += static_cast<std::uint32_t>(bytes[at]) << 8;
    second += first;
    first = fold(first);
    second = fold(second);
  }
  return fold(second) << 16 | fold(first);
}

}  // namespace ruska::io::hdf5
