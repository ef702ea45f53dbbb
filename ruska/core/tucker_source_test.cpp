// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/tucker_source.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace ruska {
namespace {

Dataset waves(const Shape& lengths, double step) {
  Description description;
  for (const std::int64_t length : lengths) description.axes.push_back({"a", "", "", Role::signal, length});
  std::vector<double> values(static_cast<std::size_t>(count(lengths)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(1 + step * static_cast<double>(i));
  return Dataset::from_values<double>(description, values);
}

TEST(TuckerSource, HasTheValuesOfPlainSumsInAnyRegion) {
  const Dataset core = waves({2, 3, 2}, 0.7);
  const std::vector<Dataset> factors{waves({2, 4}, 0.3), waves({3, 5}, 1.1), waves({2, 3, 6}, 0.9)};
  for (const bool non_negative : {false, true}) {
    const Dataset made = tucker(core, factors, 2, non_negative, "made");
    EXPECT_EQ(made.describe().navigation_shape(), (Shape{4, 5}));
    EXPECT_EQ(made.describe().signal_shape(), (Shape{3, 6}));
    EXPECT_TRUE(made.describe().lazy);
    const auto g = core.read_all<double>(), y = factors[0].read_all<double>(), x = factors[1].read_all<double>(),
               s = factors[2].read_all<double>();
    const auto all = made.read_all<float>();
    std::size_t negative = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t at_y = i / 90, at_x = i / 18 % 5, at_s = i % 18;
      double expected = 0;
      for (std::size_t r = 0; r < 12; ++r) {
        expected += g[r] * y[r / 6 * 4 + at_y] * x[r / 2 % 3 * 5 + at_x] * s[r % 2 * 18 + at_s];
      }
      negative += expected < 0;
      EXPECT_NEAR(all[i], non_negative ? std::max(0.0, expected) : expected, 1e-6);
    }
    EXPECT_GT(negative, 0u);
    const Region region{{1, 2, 1, 3}, {3, 2, 2, 3}};
    std::vector<float> part(36);
    copy_region(std::as_bytes(std::span(all)), {4, 5, 3, 6}, sizeof(float), region,
                std::as_writable_bytes(std::span(part)));
    EXPECT_EQ(made.read<float>(region), part);
  }
}

TEST(TuckerSource, RefusesPartsThatDoNotFit) {
  EXPECT_THROW(tucker(waves({2, 3}, 1), {waves({2, 4}, 1)}, 1, false, "a factor too few"), Error);
  EXPECT_THROW(tucker(waves({2, 3}, 1), {waves({2, 4}, 1), waves({2, 4}, 1)}, 1, false, "ranks differ"), Error);
  EXPECT_THROW(tucker(waves({2, 3}, 1), {waves({2, 4}, 1), waves({3, 4}, 1)}, 3, false, "too few axes"), Error);
  EXPECT_THROW(tucker({}, {waves({2, 4}, 1)}, 1, false, "no core"), Error);
}

}  // namespace
}  // namespace ruska
