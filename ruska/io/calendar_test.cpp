// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/calendar.hpp"

#include <gtest/gtest.h>

namespace ruska::io {
namespace {

TEST(Calendar, KnowsWhichDaysThereAre) {
  EXPECT_EQ(iso_date(2020, 2, 29), "2020-02-29");
  EXPECT_FALSE(iso_date(2019, 2, 29));
  EXPECT_FALSE(iso_date(2019, 13, 1));
  EXPECT_FALSE(iso_date(0, 0, 0));
  EXPECT_EQ(iso_time(9, 1, 7), "09:01:07");
  EXPECT_FALSE(iso_time(24, 0, 0));
  EXPECT_FALSE(iso_time(-1, 0, 0));
}

TEST(Calendar, FindsNumbersAndMonths) {
  EXPECT_EQ(numbers_in("16/04/'15 13:53"), (std::vector<std::int64_t>{16, 4, 15, 13, 53}));
  EXPECT_EQ(numbers_in("x12345678901234567890"), (std::vector<std::int64_t>{99999}));
  EXPECT_TRUE(numbers_in("none").empty());
  EXPECT_EQ(month_of("December"), 12);
  EXPECT_EQ(month_of("jan"), 1);
  EXPECT_EQ(month_of(""), 0);
}

}  // namespace
}  // namespace ruska::io
