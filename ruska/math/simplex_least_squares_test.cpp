// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/simplex_least_squares.hpp"

#include <numeric>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"

namespace ruska::math {
namespace {

TEST(SimplexLeastSquares, OneVariableIsOne) {
  double x = 0;
  const double b = -3;
  SimplexLeastSquares({2.0}, 1).solve(&b, &x);
  EXPECT_EQ(x, 1.0);
}

TEST(SimplexLeastSquares, SharesByTheSlopesWhereNoneIsZero) {
  // ½ |x − (0.7, 0.5)|² on x₁ + x₂ = 1: both give up the same.
  const double b[] = {0.7, 0.5};
  double x[2];
  SimplexLeastSquares({1, 0, 0, 1}, 2).solve(b, x);
  EXPECT_NEAR(x[0], 0.6, 1e-14);
  EXPECT_NEAR(x[1], 0.4, 1e-14);
}

TEST(SimplexLeastSquares, EndsAtAVertexForFarPoints) {
  const double b[] = {-5.0, 9.0, 1.0};
  double x[3];
  SimplexLeastSquares({1, 0, 0, 0, 1, 0, 0, 0, 1}, 3).solve(b, x);
  EXPECT_EQ(x[0], 0.0);
  EXPECT_EQ(x[1], 1.0);
  EXPECT_EQ(x[2], 0.0);
}

TEST(SimplexLeastSquares, MeetsTheConditionsOfTheMinimum) {
  constexpr std::size_t n = 6, rows = 9;
  for (std::uint64_t problem = 0; problem < 300; ++problem) {
    Random random(11, "simplex least squares", problem);
    std::vector<double> a(rows * n), gram(n * n, 0.0), b(n), x(n);
    for (double& one : a) one = random.normal();
    for (double& one : b) one = 3 * random.normal();
    for (std::size_t i = 0; i < n * n; ++i) {
      for (std::size_t r = 0; r < rows; ++r) gram[i] += a[r * n + i / n] * a[r * n + i % n];
    }
    SimplexLeastSquares(gram, n).solve(b.data(), x.data());
    // The same from any point of the simplex: within it, on an edge, at the minimum.
    for (const std::vector<double>& start : {std::vector<double>(n, 1.0 / n), {0, 0.5, 0, 0.5, 0, 0}, x}) {
      std::vector<double> improved = start;
      SimplexLeastSquares(gram, n).improve(b.data(), improved.data());
      for (std::size_t k = 0; k < n; ++k) EXPECT_NEAR(improved[k], x[k], 1e-9);
    }
    EXPECT_NEAR(std::accumulate(x.begin(), x.end(), 0.0), 1.0, 1e-12);
    std::vector<double> slope(n);
    double multiplier = 0;
    for (std::size_t k = 0; k < n; ++k) {
      slope[k] = b[k];
      for (std::size_t l = 0; l < n; ++l) slope[k] -= gram[k * n + l] * x[l];
      multiplier += slope[k] * x[k];
    }
    for (std::size_t k = 0; k < n; ++k) {
      EXPECT_GE(x[k], 0.0);
      if (x[k] > 0) {
        EXPECT_NEAR(slope[k], multiplier, 1e-9);
      } else {
        EXPECT_LE(slope[k], multiplier + 1e-9);
      }
    }
  }
}

}  // namespace
}  // namespace ruska::math
