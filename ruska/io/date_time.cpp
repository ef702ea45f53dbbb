// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/date_time.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "ruska/core/metadata.hpp"

namespace ruska::io {

void set_date(Json& tree, double seconds) {
  if (!(std::fabs(seconds) < 1e11)) return;
  const double whole = std::floor(seconds);
  const auto microseconds = static_cast<int>(std::min(999999.0, std::round((seconds - whole) * 1e6)));
  const auto total = static_cast<std::int64_t>(whole);
  const std::int64_t days = (total >= 0 ? total : total - 86399) / 86400;
  const auto of_day = static_cast<int>(total - days * 86400);
  // Civil date from days (H. Hinnant, "chrono-compatible low-level date algorithms").
  const std::int64_t z = days + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto day_of_era = static_cast<int>(z - era * 146097);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int shifted = (5 * day_of_year + 2) / 153;
  const int day = day_of_year - (153 * shifted + 2) / 5 + 1;
  const int month = shifted < 10 ? shifted + 3 : shifted - 9;
  const auto year = static_cast<long>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  char text[64];
  std::snprintf(text, sizeof text, "%04ld-%02d-%02d", year, month, day);
  set(tree, "General.date", text);
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", of_day / 3600, of_day / 60 % 60, of_day % 60);
  std::string time = text;
  if (microseconds != 0) {
    std::snprintf(text, sizeof text, ".%06d", microseconds);
    time += text;
  }
  set(tree, "General.time", time);
  set(tree, "General.time_zone", "UTC");
}

}  // namespace ruska::io
