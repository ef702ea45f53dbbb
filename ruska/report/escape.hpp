// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace ruska::report {

/// Text for HTML and XML, between tags and within quoted attributes. What no XML document may hold (control
/// characters, bytes that are not UTF-8) becomes U+FFFD.
std::string escape(std::string_view text);

/// A cell of a comma-separated file (RFC 4180). Text that a spreadsheet would take for a formula, because it starts
/// with =, +, -, @, tab or carriage return, gains a leading apostrophe.
std::string csv_text(std::string_view text);

/// JSON within a script element: valid UTF-8, and "<" and ">" written as \u003c and \u003e.
std::string json_for_script(std::string json);

/// A name for a file: letters, digits, "_", "-" and "." kept, the rest replaced by "_".
std::string file_stem(std::string_view name);

std::string base64(std::span<const std::byte> bytes);

/// Number of characters of UTF-8 text.
std::size_t length_of(std::string_view text);

}  // namespace ruska::report
