// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/singular_threshold.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace ruska::math {
namespace {

// Gavish and Donoho give 4/√3 = 2.309 for square matrices of known noise and 2.858 · median for unknown noise, and in
// their table IV ω(0.5) = 2.1711... for β = 0.5 (ω = λ*/√μ).
TEST(SingularThreshold, MeetsThePublishedConstants) {
  EXPECT_NEAR(optimal_hard_threshold(1.0), 2.3094010767585, 1e-12);
  EXPECT_NEAR(optimal_hard_threshold(1.0) / std::sqrt(marchenko_pastur_median(1.0)), 2.8582, 2e-4);
  EXPECT_NEAR(optimal_hard_threshold(0.5) / std::sqrt(marchenko_pastur_median(0.5)), 2.1711, 2e-4);
  // Their polynomial approximation of ω: 0.56β³ − 0.95β² + 1.82β + 1.43, stated to be within 0.02.
  for (const double beta : {0.05, 0.1, 0.3, 0.7, 0.9}) {
    EXPECT_NEAR(optimal_hard_threshold(beta) / std::sqrt(marchenko_pastur_median(beta)),
                ((0.56 * beta - 0.95) * beta + 1.82) * beta + 1.43, 0.02)
        << beta;
  }
}

TEST(SingularThreshold, FindsTheNoiseOfTheMedian) {
  const double root = std::sqrt(100 * marchenko_pastur_median(0.25));
  EXPECT_NEAR(noise_from_median({9 * root, 3 * root, root}, 25, 100), 3.0, 1e-12);
  EXPECT_EQ(noise_from_median({}, 0, 0), 0.0);
}

}  // namespace
}  // namespace ruska::math
