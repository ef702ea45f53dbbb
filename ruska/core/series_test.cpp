// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/series.hpp"

#include <cstdlib>
#include <fstream>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/driver.hpp"
#include "ruska/core/record.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

class Series : public testing::Test {
 protected:
  /// A 3 × 4 image of the numbers from `first` on.
  void write(const std::string& name, std::uint16_t first, std::int64_t width = 4) const {
    std::vector<std::uint16_t> values(static_cast<std::size_t>(3 * width));
    std::iota(values.begin(), values.end(), first);
    Description description;
    description.dtype = DType::uint16;
    description.axes = {{.name = "y", .size = 3}, {.name = "x", .size = width}};
    auto sink = writer_for(folder_ / name).create(folder_ / name, description);
    sink->write(Region::whole(description.shape()), std::as_bytes(std::span(values)));
    sink->commit();
  }
  ErrorKind kind_of_failure(const fs::path& path) const {
    try {
      open_file(path).signals.at(0).read_all<std::uint16_t>();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  }

  ScratchFolder folder_;
};

TEST_F(Series, AFolderOfFramesIsOneStackInTheOrderOfTheNumbers) {
  for (int i = 1; i <= 11; ++i) write("frame_" + std::to_string(i) + ".npy", static_cast<std::uint16_t>(100 * i));
  std::ofstream(folder_ / "notes.xyz") << "not data";
  const File file = open_file(folder_);
  ASSERT_EQ(file.signals.size(), 1u);
  const Dataset& data = file.signals[0];
  EXPECT_EQ(data.describe().shape(), (Shape{11, 3, 4}));
  EXPECT_EQ(data.describe().axes[0].name, "frame");
  EXPECT_EQ(data.describe().axes[0].role, Role::navigation);
  EXPECT_EQ(data.describe().original["series"][1], "frame_2.npy");
  EXPECT_EQ(data.describe().original["series"][9], "frame_10.npy");
  EXPECT_EQ(data.read<std::uint16_t>({{8, 1, 2}, {3, 1, 2}}),
            (std::vector<std::uint16_t>{906, 907, 1006, 1007, 1106, 1107}));
  EXPECT_EQ(digest_of_input(data), digest_of(data));
}

TEST_F(Series, APatternChoosesTheFiles) {
  write("a_1.npy", 1);
  write("a_2.npy", 2);
  write("b_1.npy", 3, 5);
  EXPECT_EQ(open_file(folder_ / "a_*.npy").signals.at(0).describe().shape(), (Shape{2, 3, 4}));
  EXPECT_EQ(open_file(folder_ / "b_?.npy").signals.at(0).describe().shape(), (Shape{3, 5}));
  EXPECT_EQ(kind_of_failure(folder_ / "c_*.npy"), ErrorKind::not_found);
  EXPECT_EQ(kind_of_failure(folder_), ErrorKind::bad_data) << "frames of different shapes";
}

TEST_F(Series, FoldersOfNothingOrOfSeveralKindsAreRefused) {
  EXPECT_EQ(kind_of_failure(folder_), ErrorKind::unsupported);
  write("a.npy", 1);
  write("a.hspy", 1);
  try {
    open_file(folder_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_THAT(error.what(), testing::HasSubstr("1 .hspy, 1 .npy"));
  }
}

TEST(NaturalOrder, CountsAsPeopleDo) {
  const std::vector<fs::path> ordered{"a1", "a02", "a2", "a10", "a10b", "b1"};
  EXPECT_THAT(in_natural_order({"b1", "a10b", "a2", "a10", "a02", "a1"}), testing::ElementsAreArray(ordered));
}

}  // namespace
}  // namespace ruska
