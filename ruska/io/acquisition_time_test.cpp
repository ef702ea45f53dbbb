// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/acquisition_time.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace ruska::io {
namespace {

TEST(AcquisitionTime, IsWrittenAsIso8601) {
  Json metadata = Json::object();
  set_date(metadata, 2024, 2, 29);
  set_time(metadata, 7, 5, 9);
  EXPECT_EQ(metadata.dump(), R"({"General":{"date":"2024-02-29","time":"07:05:09"}})");
}

TEST(AcquisitionTime, LeavesOutWhatIsNoDate) {
  Json metadata = Json::object();
  set_date(metadata, 2023, 2, 29);
  set_date(metadata, 2023, 13, 1);
  set_date(metadata, 0, 1, 1);
  set_time(metadata, 24, 0, 0);
  set_time(metadata, 12, -1, 0);
  for (const double days : {-1.0, 0.0, 1e9, std::numeric_limits<double>::quiet_NaN()})
    set_date_and_time(metadata, days);
  EXPECT_TRUE(metadata.empty());
}

TEST(AcquisitionTime, CountsDaysAsWindowsDoes) {
  Json metadata = Json::object();
  set_date_and_time(metadata, 25569.0 + 0.5 + 0.4 / 86400);  // noon of the first day of 1970
  EXPECT_EQ(metadata.dump(), R"({"General":{"date":"1970-01-01","time":"12:00:00"}})");
}

}  // namespace
}  // namespace ruska::io
