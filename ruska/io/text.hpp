// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ruska::io {

/// Text from a file as UTF-8: unchanged where it is valid UTF-8, else taken as Windows-1252.
std::string to_utf8(std::string_view bytes);

/// Without the blanks, tabs and line ends at both ends.
std::string_view trimmed(std::string_view text);
std::string lower_case(std::string_view text);

/// The number that the whole trimmed text is, in the C locale; nothing when it is none or not finite.
std::optional<double> parse_number(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);

/// The extension in lower case, without the dot.
std::string extension_of(const std::filesystem::path& path);
/// The file with the same name but another extension, in lower or upper case; nothing when there is none.
std::optional<std::filesystem::path> sibling(const std::filesystem::path& path, std::string_view extension);

}  // namespace ruska::io
