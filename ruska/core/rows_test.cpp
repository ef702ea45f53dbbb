// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/rows.hpp"

#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ruska {
namespace {

Description description_of(const Shape& navigation, std::int64_t channels) {
  Description description;
  description.title = "test";
  for (const std::int64_t size : navigation) description.axes.push_back({.role = Role::navigation, .size = size});
  description.axes.push_back({.role = Role::signal, .size = channels});
  return description;
}

RC_GTEST_PROP(Rows, RegionsOfRowsAreThoseRowsInOrder, ()) {
  const Shape navigation = *rc::gen::container<Shape>(3, rc::gen::inRange<std::int64_t>(1, 6));
  const std::int64_t rows = count(navigation);
  const std::int64_t begin = *rc::gen::inRange<std::int64_t>(0, rows);
  const std::int64_t end = *rc::gen::inRange<std::int64_t>(begin, rows + 1);
  std::vector<std::int32_t> values(static_cast<std::size_t>(rows) * 2);
  std::iota(values.begin(), values.end(), 0);
  const Dataset data = Dataset::from_values<std::int32_t>(description_of(navigation, 2), values);
  std::vector<std::int32_t> read;
  for (const Region& region : regions_of_rows(data.describe(), {begin, end})) {
    const auto part = data.read<std::int32_t>(region);
    read.insert(read.end(), part.begin(), part.end());
  }
  RC_ASSERT(read == std::vector<std::int32_t>(values.begin() + 2 * begin, values.begin() + 2 * end));
}

TEST(Rows, ChoosesTheFormByTheValuesAndMasks) {
  std::vector<std::uint16_t> values(6 * 8, 0);
  values[3] = 5;
  values[8 + 1] = 2;
  values[8 + 3] = 7;
  const Dataset data = Dataset::from_values<std::uint16_t>(description_of({2, 3}, 8), values);
  Context context;
  Masks masks;
  masks.columns = {0, 1, 0, 0, 0, 0, 0, 0};
  const Rows rows(data, context, masks);
  std::vector<float> found;
  for (std::int64_t p = 0; p < rows.partitions().count(); ++p) {
    const auto block = rows.block(p);
    EXPECT_TRUE(block->sparse);
    found.insert(found.end(), block->value.begin(), block->value.end());
  }
  EXPECT_EQ(found, (std::vector<float>{5, 7}));

  std::fill(values.begin(), values.end(), std::uint16_t{1});
  const Rows dense(Dataset::from_values<std::uint16_t>(description_of({2, 3}, 8), values), context, masks);
  EXPECT_FALSE(dense.block(0)->sparse);
  EXPECT_EQ(dense.block(0)->dense[1], 0.0);
  EXPECT_EQ(dense.block(0)->dense[2], 1.0);
}

TEST(Rows, RefusesWhatDoesNotFit) {
  const Dataset data = Dataset::from_values<std::uint16_t>(description_of({2, 3}, 8), std::vector<std::uint16_t>(48));
  Context context;
  EXPECT_THROW(Rows(data, context, Masks{{1, 0}, {}}), Error);
  context.memory = 10;
  try {
    const Rows rows(data, context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::out_of_memory);
  }
}

}  // namespace
}  // namespace ruska
