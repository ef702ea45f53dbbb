// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ruska::io {

/// "2015-04-16" and "13:53:00" (ISO 8601); nothing for a day or time that does not exist.
std::optional<std::string> iso_date(std::int64_t year, std::int64_t month, std::int64_t day);
std::optional<std::string> iso_time(std::int64_t hour, std::int64_t minute, std::int64_t second);

/// The whole numbers in a text, parted by anything that is no digit; those above 99999 count as 99999.
std::vector<std::int64_t> numbers_in(std::string_view text);

/// The month of an English name or its first three letters, in any case; 0 for none.
int month_of(std::string_view name);

}  // namespace ruska::io
