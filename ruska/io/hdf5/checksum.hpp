// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ruska::io::hdf5 {

/// Of metadata: R. Jenkins, "lookup3.c, for hash table lookup" (2006), hashlittle() with the initial value 0.
std::uint32_t metadata_checksum(std::span<const std::byte> bytes);

/// Of filtered values: Fletcher's checksum over 16-bit big-endian words, as HDF5's filter 3 computes it.
std::uint32_t fletcher32(std::span<const std::byte> bytes);

}  // namespace ruska::io::hdf5
