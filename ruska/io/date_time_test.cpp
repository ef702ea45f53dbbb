// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/date_time.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace ruska::io {
namespace {

TEST(DateTime, KnowsWhichDaysThereAre) {
  EXPECT_EQ(iso_date(2020, 2, 29), "2020-02-29");
  EXPECT_FALSE(iso_date(2019, 2, 29));
  EXPECT_FALSE(iso_date(2019, 13, 1));
  EXPECT_FALSE(iso_date(0, 0, 0));
  EXPECT_EQ(iso_time(9, 1, 7), "09:01:07");
  EXPECT_FALSE(iso_time(24, 0, 0));
  EXPECT_FALSE(iso_time(-1, 0, 0));
}

TEST(DateTime, FindsNumbersAndMonths) {
  EXPECT_EQ(numbers_in("16/04/'15 13:53"), (std::vector<std::int64_t>{16, 4, 15, 13, 53}));
  EXPECT_EQ(numbers_in("x12345678901234567890"), (std::vector<std::int64_t>{99999}));
  EXPECT_TRUE(numbers_in("none").empty());
  EXPECT_EQ(month_of("December"), 12);
  EXPECT_EQ(month_of("jan"), 1);
  EXPECT_EQ(month_of(""), 0);
}

TEST(DateTime, IsWrittenAsIso8601) {
  Json metadata = Json::object();
  set_date(metadata, 2024, 2, 29);
  set_time(metadata, 7, 5, 9);
  EXPECT_EQ(metadata.dump(), R"({"General":{"date":"2024-02-29","time":"07:05:09"}})");
}

TEST(DateTime, LeavesOutWhatIsNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Json metadata = Json::object();
  set_date(metadata, 2023, 2, 29);
  set_date(metadata, 2023, 13, 1);
  set_date(metadata, 0, 1, 1);
  set_time(metadata, 24, 0, 0);
  set_time(metadata, 12, -1, 0);
  for (const double days : {-1.0, 0.0, 1e9, nan}) set_windows_time(metadata, days);
  for (const double seconds : {-1e11, 1e12, nan}) set_unix_time(metadata, seconds);
  EXPECT_TRUE(metadata.empty());
}

TEST(DateTime, CountsDaysAsWindowsDoes) {
  Json metadata = Json::object();
  set_windows_time(metadata, 25569.0 + 0.5 + 0.4 / 86400);  // noon of the first day of 1970
  EXPECT_EQ(metadata.dump(), R"({"General":{"date":"1970-01-01","time":"12:00:00"}})");
}

TEST(DateTime, CountsSecondsAsUnixDoes) {
  Json metadata = Json::object();
  set_unix_time(metadata, 1e9 + 0.25);
  EXPECT_EQ(metadata.dump(), R"({"General":{"date":"2001-09-09","time":"01:46:40.250000","time_zone":"UTC"}})");
  Json before = Json::object();
  set_unix_time(before, -1);
  EXPECT_EQ(before.dump(), R"({"General":{"date":"1969-12-31","time":"23:59:59","time_zone":"UTC"}})");
}

}  // namespace
}  // namespace ruska::io
