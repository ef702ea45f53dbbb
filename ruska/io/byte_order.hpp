// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace ruska::io {

/// Reverses the bytes of every number of `width` bytes (1, 2, 4 or 8). A rest shorter than a number stays as it is.
void reverse_numbers(std::span<std::byte> values, std::size_t width);

/// The same from one place to another, which do not overlap; both have the same size.
void copy_reversed(std::span<const std::byte> in, std::size_t width, std::byte* out);

}  // namespace ruska::io
