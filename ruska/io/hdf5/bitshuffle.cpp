// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/bitshuffle.hpp"

#include <algorithm>
#include <memory>

#include "ruska/kernels/bit_planes.hpp"

namespace ruska::io::hdf5 {
namespace {

const std::uint8_t* plain(const std::byte* bytes) { return reinterpret_cast<const std::uint8_t*>(bytes); }
std::uint8_t* plain(std::byte* bytes) { return reinterpret_cast<std::uint8_t*>(bytes); }

}  // namespace

void unshuffle_bytes(std::span<const std::byte> in, std::size_t item, std::span<std::byte> out) {
  const std::size_t elements = in.size() / item;
  kernels::merge_byte_planes(plain(in.data()), elements, item, plain(out.data()));
  std::copy(in.begin() + static_cast<std::ptrdiff_t>(elements * item), in.end(),
            out.begin() + static_cast<std::ptrdiff_t>(elements * item));
}

void unshuffle_bits(std::span<const std::byte> in, std::size_t item, std::span<std::byte> out) {
  const std::size_t elements = in.size() / item;
  // First the bits of each byte come together, which leaves bytes shuffled.
  const auto planes = std::make_unique_for_overwrite<std::byte[]>(in.size());
  for (std::size_t b = 0; b < item; ++b) {
    kernels::merge_bit_rows(plain(in.data()) + b * elements, elements / 8, plain(planes.get()) + b * elements);
  }
  unshuffle_bytes({planes.get(), in.size()}, item, out);
}

}  // namespace ruska::io::hdf5
