// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/base/json.hpp"

/// Dates and times of day as files spell them, and as the metadata tree has them: General.date and General.time in
/// ISO 8601. What is no date leaves the tree as it is.
namespace ruska::io {

/// "2015-04-16" and "13:53:00"; nothing for a day or time that does not exist.
std::optional<std::string> iso_date(std::int64_t year, std::int64_t month, std::int64_t day);
std::optional<std::string> iso_time(std::int64_t hour, std::int64_t minute, std::int64_t second);

/// Sets General.date where the numbers are a day since 1900.
void set_date(Json& metadata, std::int64_t year, std::int64_t month, std::int64_t day);
/// Sets General.time where the numbers are a time of day.
void set_time(Json& metadata, std::int64_t hour, std::int64_t minute, std::int64_t second);
/// Sets both from days since 30 December 1899, as Windows counts them (OLE automation), to the nearest second.
void set_windows_time(Json& metadata, double days);
/// Sets both, to the microsecond, and General.time_zone (UTC) from seconds since 1970, up to the year 9999.
void set_unix_time(Json& metadata, double seconds);

/// The whole numbers in a text, parted by anything that is no digit; those above 99999 count as 99999.
std::vector<std::int64_t> numbers_in(std::string_view text);
/// The month of an English name or its first three letters, in any case; 0 for none.
int month_of(std::string_view name);

}  // namespace ruska::io
