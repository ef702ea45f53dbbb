// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/product.hpp"

#include <gtest/gtest.h>

namespace ruska {
namespace {

Dataset counted(std::vector<std::int64_t> lengths, double step) {
  Description description;
  for (const std::int64_t length : lengths) description.axes.push_back({"a", "", "", Role::signal, length});
  std::vector<double> values(static_cast<std::size_t>(count(lengths)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = step * static_cast<double>(i) - 1;
  return Dataset::from_values<double>(description, values);
}

TEST(Product, AnyRegionHasTheValuesOfTheWhole) {
  const Dataset loadings = counted({2, 3, 4}, 0.25), factors = counted({2, 5}, 0.5), mean = counted({5}, 8);
  const Dataset made = product(loadings, factors, mean, "made");
  EXPECT_EQ(made.describe().title, "made");
  EXPECT_EQ(made.describe().navigation_shape(), (Shape{3, 4}));
  EXPECT_EQ(made.describe().signal_shape(), (Shape{5}));
  const auto l = loadings.read_all<double>(), f = factors.read_all<double>(), m = mean.read_all<double>();
  const auto values = made.read<double>({{1, 0, 2}, {2, 3, 2}});
  std::size_t i = 0;
  for (std::size_t y = 1; y < 3; ++y) {
    for (std::size_t x = 0; x < 3; ++x) {
      for (std::size_t e = 2; e < 4; ++e) {
        EXPECT_EQ(values[i++], m[e] + l[y * 4 + x] * f[e] + l[12 + y * 4 + x] * f[5 + e]);
      }
    }
  }
}

TEST(Product, NeedsNoMean) {
  const Dataset made = product(counted({1, 2}, 1), counted({1, 3}, 1), {}, "made");
  EXPECT_EQ(made.read_all<double>(), (std::vector<double>{1, 0, -1, 0, 0, 0}));
}

TEST(Product, RefusesPartsThatDoNotFit) {
  EXPECT_THROW(product(counted({2, 3}, 1), counted({3, 4}, 1), {}, "components differ"), Error);
  EXPECT_THROW(product(counted({2, 3}, 1), counted({2, 4}, 1), counted({3}, 1), "mean differs"), Error);
  EXPECT_THROW(product({}, counted({2, 4}, 1), {}, "no loadings"), Error);
}

}  // namespace
}  // namespace ruska
