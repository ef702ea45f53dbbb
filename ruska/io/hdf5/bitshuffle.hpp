// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace ruska::io::hdf5 {

/// Undoes the transposition of bits of K. Masui et al., "A compression scheme for radio data in high performance
/// computing", Astron. Comput. 12 (2015) 181: of n elements the lowest bits of all come first, then the next lowest, …
/// `in` and `out` have the same size, a multiple of eight elements of `item` bytes.
void unshuffle_bits(std::span<const std::byte> in, std::size_t item, std::span<std::byte> out);

/// Undoes HDF5's shuffle, which stores the first bytes of all elements, then the second bytes, … Bytes beyond the last
/// whole element stay where they are.
void unshuffle_bytes(std::span<const std::byte> in, std::size_t item, std::span<std::byte> out);

}  // namespace ruska::io::hdf5
