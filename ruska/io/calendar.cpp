// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/calendar.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "ruska/io/text.hpp"

namespace ruska::io {

std::optional<std::string> iso_date(std::int64_t year, std::int64_t month, std::int64_t day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  char text[16];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02d", static_cast<int>(year), static_cast<int>(month),
                static_cast<int>(day));
  return text;
}

std::optional<std::string> iso_time(std::int64_t hour, std::int64_t minute, std::int64_t second) {
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  char text[16];
  std::snprintf(text, sizeof(text), "%02d:%02d:%02d", static_cast<int>(hour), static_cast<int>(minute),
                static_cast<int>(second));
  return text;
}

std::vector<std::int64_t> numbers_in(std::string_view text) {
  std::vector<std::int64_t> numbers;
  bool within = false;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !within) numbers.push_back(0);
    if (digit) numbers.back() = std::min<std::int64_t>(numbers.back() * 10 + (c - '0'), 99999);
    within = digit;
  }
  return numbers;
}

int month_of(std::string_view name) {
  const std::string start = lower_case(name.substr(0, 3));
  constexpr std::string_view months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                         "jul", "aug", "sep", "oct", "nov", "dec"};
  for (int i = 0; i < 12; ++i) {
    if (months[i] == start) return i + 1;
  }
  return 0;
}

}  // namespace ruska::io
