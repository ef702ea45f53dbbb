// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace ruska::io::hdf5 {

/// Decodes LZF (M. Lehmann's LibLZF, whose format is a sequence of runs and of references of up to 264 bytes within the
/// last 8 KiB). False unless the input is whole and fills `out` exactly.
bool decode_lzf(std::span<const std::byte> in, std::span<std::byte> out);

}  // namespace ruska::io::hdf5
