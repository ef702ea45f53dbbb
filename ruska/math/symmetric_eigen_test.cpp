// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/symmetric_eigen.hpp"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace ruska::math {
namespace {

// The second-difference matrix has the eigenvalues 2 − 2 cos(kπ/(n+1)) and sine vectors.
TEST(SymmetricEigen, SolvesTheSecondDifference) {
  constexpr std::size_t n = 50, wanted = 7;
  std::vector<double> matrix(n * n, std::nan(""));  // the lower triangle must not matter
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) matrix[i * n + j] = i == j ? 2 : j == i + 1 ? -1 : 0;
  }
  const SymmetricEigen eigen = symmetric_eigen(std::move(matrix), n, wanted);
  ASSERT_EQ(eigen.values.size(), n);
  ASSERT_EQ(eigen.vectors.size(), n * wanted);
  for (std::size_t k = 0; k < n; ++k) {
    EXPECT_NEAR(eigen.values[k], 2 - 2 * std::cos(static_cast<double>(n - k) * std::numbers::pi / (n + 1)), 1e-13);
  }
  for (std::size_t k = 0; k < wanted; ++k) {
    double overlap = 0;
    for (std::size_t i = 0; i < n; ++i) {
      overlap += eigen.vectors[k * n + i] * std::sqrt(2.0 / (n + 1)) *
                 std::sin(static_cast<double>((n - k) * (i + 1)) * std::numbers::pi / (n + 1));
    }
    EXPECT_NEAR(std::abs(overlap), 1, 1e-12) << k;
  }
}

TEST(SymmetricEigen, TakesTheSmallestMatrices) {
  EXPECT_TRUE(symmetric_eigen({}, 0, 3).values.empty());
  const SymmetricEigen one = symmetric_eigen({4.0}, 1, 3);
  EXPECT_EQ(one.values, std::vector{4.0});
  EXPECT_EQ(one.vectors, std::vector{1.0});
}

}  // namespace
}  // namespace ruska::math
