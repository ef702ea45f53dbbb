// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/every_nth.hpp"

#include <numeric>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"

namespace ruska {
namespace {

Description scan(std::int64_t height, std::int64_t width, std::int64_t channels) {
  Description description;
  description.axes = {{.name = "y", .role = Role::navigation, .size = height, .scale = 2},
                      {.name = "x", .role = Role::navigation, .size = width, .scale = 0.5, .offset = 1},
                      {.name = "e", .role = Role::signal, .size = channels}};
  return description;
}

TEST(EveryNth, KeepsThosePositionsAndTheirCoordinates) {
  std::vector<std::uint16_t> values(5 * 7 * 2);
  std::iota(values.begin(), values.end(), std::uint16_t{0});
  const Dataset all = Dataset::from_values<std::uint16_t>(scan(5, 7, 2), values);
  const Dataset few = every_nth_position(all, 3);
  EXPECT_EQ(few.describe().shape(), (Shape{2, 3, 2}));
  EXPECT_DOUBLE_EQ(few.describe().axes[0].at(1), 6);
  EXPECT_DOUBLE_EQ(few.describe().axes[1].at(2), 4);
  EXPECT_EQ(few.read_all<std::uint16_t>(), (std::vector<std::uint16_t>{0, 1, 6, 7, 12, 13, 42, 43, 48, 49, 54, 55}));
  EXPECT_EQ(few.read<std::uint16_t>({{1, 1, 1}, {1, 2, 1}}), (std::vector<std::uint16_t>{49, 55}));
}

TEST(EveryNth, SparseCountsAreThoseOfThePositions) {
  SparseCounts counts;
  for (std::uint32_t p = 0; p < 20; ++p) {
    counts.channel.push_back(p % 3);
    counts.value.push_back(p + 1);
    counts.row_start.push_back(counts.nonzeros());
  }
  Description description = scan(4, 5, 3);
  description.dtype = DType::uint16;
  const Dataset few = every_nth_position(Dataset::from_counts(description, counts), 2);
  EXPECT_EQ(few.source().read_counts(0, 6).value, (std::vector<std::uint32_t>{1, 3, 5, 11, 13, 15}));
  EXPECT_EQ(few.source().read_counts(4, 5).channel, (std::vector<std::uint32_t>{0}));
}

TEST(EveryNth, ThePreviewHasAtMostSomeThousandPositions) {
  EXPECT_EQ(preview_step(scan(64, 64, 1)), 1);
  EXPECT_EQ(preview_step(scan(256, 256, 1)), 4);
  EXPECT_EQ(preview_step(scan(10000, 1, 1)), 3);
  EXPECT_THROW(every_nth_position(Dataset(), 0), Error);
  Description spectrum;
  spectrum.axes = {{.role = Role::signal, .size = 2}};
  EXPECT_THROW(every_nth_position(Dataset::from_values<float>(spectrum, std::vector<float>{1, 2}), 2), Error);
}

}  // namespace
}  // namespace ruska
