// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "ruska/core/source.hpp"

/// Logs of instruments: lines of fields parted by one character, a column per quantity.
namespace ruska::io {

/// No log of a session is longer.
inline constexpr std::int64_t longest_log = std::int64_t{64} << 20;

/// The first line, without its end; `text` is moved behind it.
std::string_view take_line(std::string_view& text);
/// The trimmed fields of a line.
std::vector<std::string_view> fields_of(std::string_view line, char separator);

using Column = std::vector<std::string_view>;

/// The columns of a text whose first line has the number `first_line` in the file. Empty lines are left out.
/// Throws bad_data, naming the line, where one has less than `columns` fields.
std::vector<Column> columns_of(std::string_view text, char separator, std::size_t columns, std::int64_t first_line);

/// The numbers of a column, NaN where a field is empty or "nan"; throws bad_data for any other text.
std::vector<double> numbers_of(const Column& column, std::string_view name);

/// The numbers in a text parted by any of the given characters, several of which count as one.
/// Throws bad_data, naming `what`, for anything that is no number.
std::vector<double> number_list(std::string_view text, std::string_view separators, std::string_view what);

/// A column over an axis as a signal: int64 where all fields are whole numbers, else float64.
std::shared_ptr<const Source> logged_signal(Description description, const Column& column);

}  // namespace ruska::io
