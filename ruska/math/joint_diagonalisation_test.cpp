// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/joint_diagonalisation.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"

namespace ruska::math {
namespace {

/// rotationᵀ · diagonal · rotation.
std::vector<double> turned(const std::vector<double>& rotation, const std::vector<double>& diagonal) {
  const std::size_t n = diagonal.size();
  std::vector<double> matrix(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) {
        matrix[i * n + j] += rotation[k * n + i] * diagonal[k] * rotation[k * n + j];
      }
    }
  }
  return matrix;
}

TEST(JointDiagonalisation, FindsTheCommonAxesOfTwoMatrices) {
  const double c = std::cos(0.7), s = std::sin(0.7), d = std::cos(-1.1), e = std::sin(-1.1);
  // Two plane rotations, one after the other.
  const std::vector<double> axes{c, s, 0, -s * d, c * d, e, s * e, -c * e, d};
  std::vector<double> both = turned(axes, {3, 1, 1});  // alone it leaves a plane open
  const std::vector<double> second = turned(axes, {1, 2, 5});
  both.insert(both.end(), second.begin(), second.end());
  const JointDiagonalisation found = joint_diagonalisation(both, 3, 1e-12, 50);
  EXPECT_TRUE(found.converged);
  for (std::size_t k = 0; k < 3; ++k) {
    double largest = 0, squares = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      double overlap = 0;
      for (std::size_t i = 0; i < 3; ++i) overlap += found.rotation[k * 3 + i] * axes[j * 3 + i];
      largest = std::max(largest, std::abs(overlap));
      squares += overlap * overlap;
    }
    EXPECT_NEAR(largest, 1, 1e-12);
    EXPECT_NEAR(squares, 1, 1e-12);
  }
}

TEST(JointDiagonalisation, SaysWhenItDidNotConverge) {
  std::vector<double> noise(5 * 16);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = Random(1, "noise", i).normal();
  for (std::size_t m = 0; m < 5; ++m) {
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < i; ++j) noise[m * 16 + i * 4 + j] = noise[m * 16 + j * 4 + i];
    }
  }
  EXPECT_FALSE(joint_diagonalisation(noise, 4, 1e-15, 1).converged);
  EXPECT_TRUE(joint_diagonalisation(noise, 4, 1e-8, 200).converged);
  EXPECT_THROW(joint_diagonalisation({1, 2, 3}, 2, 1e-8, 1), Error);
}

}  // namespace
}  // namespace ruska::math
