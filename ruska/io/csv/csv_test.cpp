// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"
#include "ruska/core/driver.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

class CsvTest : public testing::Test {
 protected:
  File open(const std::string& text) const {
    std::ofstream(folder_ / "map.csv", std::ios::binary) << text;
    return open_file(folder_ / "map.csv");
  }
  ScratchFolder folder_;
};

TEST_F(CsvTest, NumbersWithoutNamesAreAnImage) {
  const File file = open("1,2,3\n4,5,6\n");
  ASSERT_EQ(file.signals.size(), 1u);
  EXPECT_EQ(file.signals[0].describe().title, "map");
  EXPECT_EQ(file.signals[0].describe().signal_shape(), (Shape{2, 3}));
  EXPECT_EQ(file.signals[0].read_all<std::int64_t>(), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(CsvTest, NamesWithoutUnitsOverARisingColumn) {
  const File file = open("time,temperature\n0,20.5\n1,21\n4,\n");
  ASSERT_EQ(file.signals.size(), 1u);
  const Description& description = file.signals[0].describe();
  EXPECT_EQ(description.axes[0].name, "time");
  EXPECT_EQ(description.axes[0].values, (std::vector<double>{0, 1, 4}));
  EXPECT_TRUE(std::isnan(file.signals[0].read_all<double>()[2]));
}

TEST_F(CsvTest, SaysWhichLineIsWrong) {
  const auto message = [&](const std::string& text) {
    try {
      open(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_NE(message("a,b\n1,2\n3\n").find("line 3 has 1 columns, the first has 2"), std::string::npos);
  EXPECT_NE(message("a,b\n1,2\n3,x\n").find("line 3, column 2: 'x' is no number"), std::string::npos);
  EXPECT_NE(message("a,b\n").find("no numbers"), std::string::npos);
}

}  // namespace
}  // namespace ruska
