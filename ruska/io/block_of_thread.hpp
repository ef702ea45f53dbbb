// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace ruska::io {

/// Bytes that are read at once where they must be put elsewhere or turned round, so that they are still in a core's own
/// cache when that is done.
inline constexpr std::int64_t largest_block = std::int64_t{128} << 10;

/// Memory of the calling thread, twice the largest block, for bytes that are to go to `out`: it lies in its cache lines
/// as `out` does in its own, so that whole lines can be moved. It is kept and lent again at the next call: taken anew
/// for every read, its pages would cost as much as what is read into them.
std::byte* block_of_thread(const std::byte* out);

}  // namespace ruska::io
