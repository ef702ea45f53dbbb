// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "ruska/core/sink.hpp"

namespace ruska::io::mrc {

/// What the header calls an extended header that holds ruska's description of the signal as text.
inline constexpr std::string_view own_extended_type = "RSKA";

/// A sink for an MRC2014 file of modes 0, 1, 2, 4 or 6: the last two axes are columns and rows, all others sections in
/// C order. Lengths become the cell in Å; what has another unit has no cell. All axes, roles and metadata stand in the
/// extended header, which other programs pass over. 8-bit values without sign carry IMOD's stamp, which says so.
/// Throws unsupported for other types, pixels of several parts, fewer than two axes and sides above 2^31 - 1.
std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description);
/// As `create`, for a file that such a sink began.
std::unique_ptr<Sink> resume(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::mrc
