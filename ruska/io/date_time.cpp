// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/date_time.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "ruska/core/metadata.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t seconds_of_day = 86400;

/// Sets date and time of day from seconds since 1970.
void set_civil_time(Json& metadata, std::int64_t seconds) {
  const std::chrono::sys_days day =
      std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  const std::chrono::year_month_day date(day);
  const std::int64_t of_day = seconds - day.time_since_epoch().count() * seconds_of_day;
  set_date(metadata, static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
           static_cast<unsigned>(date.day()));
  set_time(metadata, of_day / 3600, of_day / 60 % 60, of_day % 60);
}

}  // namespace

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

void set_date(Json& metadata, std::int64_t year, std::int64_t month, std::int64_t day) {
  if (year < 1900) return;
  if (const auto date = iso_date(year, month, day)) set(metadata, "General.date", *date);
}

void set_time(Json& metadata, std::int64_t hour, std::int64_t minute, std::int64_t second) {
  if (const auto time = iso_time(hour, minute, second)) set(metadata, "General.time", *time);
}

void set_windows_time(Json& metadata, double days) {
  constexpr double days_to_1970 = 25569, days_to_10000 = 2958466;
  if (!(days > 0 && days < days_to_10000)) return;
  set_civil_time(metadata, std::llround((days - days_to_1970) * static_cast<double>(seconds_of_day)));
}

void set_unix_time(Json& metadata, double seconds) {
  constexpr double year_1900 = -2208988800, year_10000 = 253402300800;
  if (!(seconds >= year_1900 && seconds < year_10000)) return;
  const double whole = std::floor(seconds);
  set_civil_time(metadata, static_cast<std::int64_t>(whole));
  const auto microseconds = static_cast<int>(std::min(999999.0, std::round((seconds - whole) * 1e6)));
  if (microseconds != 0) {
    char text[16];
    std::snprintf(text, sizeof(text), ".%06d", microseconds);
    set(metadata, "General.time", *text_at(metadata, "General.time") + text);
  }
  set(metadata, "General.time_zone", "UTC");
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
