// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/random.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace ruska {
namespace {

struct Moments {
  double mean, variance;
};
Moments moments(const std::function<double(Random&)>& draw) {
  constexpr int n = 40000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    Random random(3, "moments", static_cast<std::uint64_t>(i));
    const double value = draw(random);
    sum += value;
    squares += value * value;
  }
  return {sum / n, squares / n - sum / n * sum / n};
}

TEST(Random, ElementsAndStreamsAreIndependentOfTheCaller) {
  Random a(1, "a", 5), again(1, "a", 5), other_stream(1, "b", 5), other_element(1, "a", 6), other_seed(2, "a", 5);
  const std::uint32_t first = a.bits();
  EXPECT_EQ(first, again.bits());
  EXPECT_NE(first, other_stream.bits());
  EXPECT_NE(first, other_element.bits());
  EXPECT_NE(first, other_seed.bits());
}

TEST(Random, DistributionsHaveTheirMeanAndVariance) {
  const auto expect_near = [](Moments found, double mean, double variance) {
    EXPECT_NEAR(found.mean, mean, 5 * std::sqrt(variance / 40000));
    EXPECT_NEAR(found.variance, variance, 0.04 * variance);
  };
  expect_near(moments([](Random& r) { return r.uniform(); }), 0.5, 1.0 / 12);
  expect_near(moments([](Random& r) { return r.normal(); }), 0, 1);
  for (const double mean : {0.03, 2.0, 9.9, 10.1, 300.0}) {
    expect_near(moments([&](Random& r) { return double(r.poisson(mean)); }), mean, mean);
  }
  expect_near(moments([](Random& r) { return double(r.binomial(100, 0.5)); }), 50, 25);
  expect_near(moments([](Random& r) { return double(r.binomial(10, 0.2)); }), 2, 1.6);
  expect_near(moments([](Random& r) { return double(r.below(7)); }), 3, 4);
}

TEST(Random, PoissonOfNothingIsNothing) {
  Random random(1, "zero", 0);
  EXPECT_EQ(random.poisson(0), 0u);
  EXPECT_EQ(random.poisson(-1), 0u);
  EXPECT_EQ(random.poisson(std::nan("")), 0u);
}

}  // namespace
}  // namespace ruska
