// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "ruska/core/sink.hpp"

namespace ruska::io::blockfile {

inline constexpr std::string_view mark = "IMGBLO";
/// Before every pattern: AA 55 and its number.
inline constexpr std::int64_t before_pattern = 6;

/// A sink for a scan of square 8-bit patterns over one or two axes, with a bright-field image of the patterns' sums.
/// Scan steps that are lengths and detector pixels that are lengths on the screen are kept, the latter to a part in the
/// 65,535 of the header. Throws unsupported, naming what it got, for other types and shapes.
std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description);
/// As `create`, for a file that such a sink began.
std::unique_ptr<Sink> resume(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::blockfile
