// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/nonnegative_least_squares.hpp"

#include <random>

#include <gtest/gtest.h>

namespace ruska::math {
namespace {

TEST(NonnegativeLeastSquares, FindsSmallAnswers) {
  NonnegativeLeastSquares diagonal({2, 0, 0, 4}, 2);
  double x[2];
  const double both[] = {6, 8}, one[] = {-6, 8}, none[] = {-1, -1};
  diagonal.solve(both, x);
  EXPECT_DOUBLE_EQ(x[0], 3);
  EXPECT_DOUBLE_EQ(x[1], 2);
  diagonal.solve(one, x);
  EXPECT_EQ(x[0], 0);
  EXPECT_DOUBLE_EQ(x[1], 2);
  diagonal.solve(none, x);
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(x[1], 0);
}

TEST(NonnegativeLeastSquares, MeetsTheConditionsOfTheOptimum) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 300; ++trial) {
    const auto n = static_cast<std::size_t>(1 + trial % 9);
    std::vector<double> basis(n * (n + 2)), gram(n * n, 0.0), b(n), x(n);
    for (double& value : basis) value = normal(random);
    for (double& value : b) value = normal(random);
    for (std::size_t i = 0; i < n * n; ++i) {
      for (std::size_t r = 0; r < n + 2; ++r) gram[i] += basis[r * n + i / n] * basis[r * n + i % n];
    }
    NonnegativeLeastSquares(gram, n).solve(b.data(), x.data());
    for (std::size_t i = 0; i < n; ++i) {
      double slope = -b[i];
      for (std::size_t j = 0; j < n; ++j) slope += gram[i * n + j] * x[j];
      EXPECT_GE(x[i], 0);
      if (x[i] > 0) {
        EXPECT_NEAR(slope, 0, 1e-8) << trial;
      } else {
        EXPECT_GE(slope, -1e-8) << trial;
      }
    }
  }
}

TEST(NonnegativeLeastSquares, TakesDependentColumns) {
  double x[2] = {-1, -1};
  const double b[] = {2, 2};
  NonnegativeLeastSquares({1, 1, 1, 1}, 2).solve(b, x);
  EXPECT_DOUBLE_EQ(x[0] + x[1], 2);
  EXPECT_GE(x[0], 0);
  EXPECT_GE(x[1], 0);
}

TEST(PositiveDefinite, InvertsTheDiagonal) {
  std::vector<double> scratch;
  const double a[] = {4, 2, 2, 3}, singular[] = {1, 1, 1, 1};
  double diagonal[2];
  ASSERT_TRUE(inverse_diagonal(a, diagonal, 2, scratch));
  EXPECT_NEAR(diagonal[0], 3.0 / 8, 1e-15);
  EXPECT_NEAR(diagonal[1], 4.0 / 8, 1e-15);
  EXPECT_FALSE(inverse_diagonal(singular, diagonal, 2, scratch));
}

}  // namespace
}  // namespace ruska::math
