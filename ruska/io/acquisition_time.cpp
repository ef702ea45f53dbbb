// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/acquisition_time.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "ruska/core/metadata.hpp"

namespace ruska::io {

namespace {

bool within(int value, int low, int high) { return value >= low && value <= high; }

}  // namespace

void set_date(Json& metadata, int year, int month, int day) {
  if (!within(year, 1900, 9999) || !within(month, 1, 12) || !within(day, 1, 31)) return;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02d", year, month, day);
  set(metadata, "General.date", text.data());
}

void set_time(Json& metadata, int hour, int minute, int second) {
  if (!within(hour, 0, 23) || !within(minute, 0, 59) || !within(second, 0, 60)) return;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d", hour, minute, second);
  set(metadata, "General.time", text.data());
}

void set_date_and_time(Json& metadata, double days) {
  constexpr double most_days = 2958466;  // the year 10000
  if (!(days > 0 && days < most_days)) return;
  const auto seconds = static_cast<std::int64_t>(std::llround(days * 86400));
  const std::chrono::sys_days start =
      std::chrono::year_month_day(std::chrono::year(1899), std::chrono::December, std::chrono::day(30));
  const std::chrono::year_month_day date{start + std::chrono::days(seconds / 86400)};
  const int of_day = static_cast<int>(seconds % 86400);
  set_date(metadata, static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
           static_cast<int>(static_cast<unsigned>(date.day())));
  set_time(metadata, of_day / 3600, of_day / 60 % 60, of_day % 60);
}

}  // namespace ruska::io
