// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "ruska/core/axis.hpp"

namespace ruska::io::hdf5 {

/// Copies a box of elements of `item` bytes to `to`, C order of `shape`. `stride[i]` is the distance in elements
/// between neighbours along axis i in `from`.
void permute(const std::byte* from, const Shape& shape, const Shape& stride, std::size_t item, std::byte* to);

}  // namespace ruska::io::hdf5
