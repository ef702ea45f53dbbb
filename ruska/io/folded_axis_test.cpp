// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/folded_axis.hpp"

#include <numeric>

#include <gtest/gtest.h>

#include "ruska/core/dataset.hpp"

namespace ruska::io {
namespace {

Dataset frames(std::int64_t count) {
  Description description;
  description.axes = {{"frame", "", "", Role::navigation, count}, {"k", "", "", Role::signal, 2}};
  std::vector<std::int32_t> values(static_cast<std::size_t>(2 * count));
  std::iota(values.begin(), values.end(), 0);
  return Dataset::from_values<std::int32_t>(description, values);
}

Axis axis(const char* name, std::int64_t size) { return {name, "", "", Role::navigation, size}; }

TEST(FoldedAxis, ReadsEveryBoxAsTheFramesLie) {
  const Dataset folded(folded_axis(frames(24).shared_source(), {axis("z", 2), axis("y", 3), axis("x", 4)}));
  ASSERT_EQ(folded.describe().shape(), (Shape{2, 3, 4, 2}));
  EXPECT_EQ(folded.describe().axes[1].name, "y");
  const auto whole = folded.read_all<std::int32_t>();
  EXPECT_EQ(whole, frames(24).read_all<std::int32_t>());
  // Parts of rows, whole rows of a part of the planes, and whole planes.
  for (const Region& region : {Region{{0, 1, 1, 0}, {2, 2, 2, 2}}, Region{{0, 1, 0, 1}, {2, 1, 4, 1}},
                               Region{{1, 0, 0, 0}, {1, 3, 4, 2}}, Region{{0, 0, 3, 0}, {2, 3, 1, 1}}}) {
    std::vector<std::int32_t> expected(static_cast<std::size_t>(region.count()));
    copy_region(std::as_bytes(std::span(whole)), {2, 3, 4, 2}, sizeof(std::int32_t), region,
                std::as_writable_bytes(std::span(expected)));
    EXPECT_EQ(folded.read<std::int32_t>(region), expected) << to_string(region.start);
  }
}

TEST(FoldedAxis, RefusesLengthsThatDoNotMultiplyToTheFrames) {
  EXPECT_THROW(folded_axis(frames(24).shared_source(), {axis("y", 5), axis("x", 5)}), Error);
  EXPECT_THROW(folded_axis(frames(24).shared_source(), {}), Error);
}

}  // namespace
}  // namespace ruska::io
