// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/unified_interval.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"

namespace ruska::math {
namespace {

constexpr double one_sigma = 0.6826894921;
const auto unit = [](double) { return 1.0; };

TEST(UnifiedInterval, IsTheUsualOneFarFromTheBounds) {
  const auto [low, high] = UnifiedInterval(one_sigma)(10.0, 20.0, unit);
  EXPECT_NEAR(low, 9.0, 1e-5);
  EXPECT_NEAR(high, 11.0, 1e-5);
  const auto wide = UnifiedInterval(0.95)(10.0, 20.0, unit);
  EXPECT_NEAR(wide.low, 10 - 1.959964, 1e-5);
  EXPECT_NEAR(wide.high, 10 + 1.959964, 1e-5);
}

// 68.27 % and 95 % intervals of a non-negative mean of a unit normal, from the construction carried out by brute force:
// measurements in steps of 0.005 taken in the order of their ratio, truths in steps of 0.02.
TEST(UnifiedInterval, AgreesWithTheConstruction) {
  const double infinite = std::numeric_limits<double>::infinity();
  const struct {
    double x, low68, high68, low95, high95;
  } rows[] = {{-3.0, 0.00, 0.03, 0.00, 0.43}, {-1.0, 0.00, 0.27, 0.00, 1.11}, {0.0, 0.00, 1.00, 0.00, 1.96},
              {0.5, 0.03, 1.50, 0.00, 2.46},  {1.0, 0.24, 2.00, 0.00, 2.96},  {2.0, 1.00, 3.00, 0.35, 3.96},
              {3.0, 2.00, 4.00, 1.14, 4.96}};
  const UnifiedInterval of68(0.6827), of95(0.95);
  for (const auto& row : rows) {
    const auto [low68, high68] = of68(row.x, infinite, unit);
    const auto [low95, high95] = of95(row.x, infinite, unit);
    EXPECT_NEAR(low68, row.low68, 0.02) << row.x;
    EXPECT_NEAR(high68, row.high68, 0.02) << row.x;
    EXPECT_NEAR(low95, row.low95, 0.02) << row.x;
    EXPECT_NEAR(high95, row.high95, 0.02) << row.x;
  }
}

TEST(UnifiedInterval, CoversEveryTruthBetweenTwoBounds) {
  constexpr int draws = 20000;
  for (const double confidence : {one_sigma, 0.95}) {
    const UnifiedInterval interval(confidence);
    for (const double sigma : {0.02, 0.2, 1.0}) {
      for (const double truth : {0.0, 0.01, 0.1, 0.5, 0.97, 1.0}) {
        int covered = 0;
        for (int i = 0; i < draws; ++i) {
          const double x = truth + sigma * Random(3, "unified interval", static_cast<std::uint64_t>(i)).normal();
          const auto [low, high] = interval(x, 1.0, [&](double) { return sigma; });
          EXPECT_LE(low, high);
          covered += low <= truth + 1e-9 && truth - 1e-9 <= high ? 1 : 0;
        }
        // Three standard deviations of the count.
        EXPECT_NEAR(static_cast<double>(covered) / draws, confidence, 0.011) << "truth " << truth << " σ " << sigma;
      }
    }
  }
}

TEST(UnifiedInterval, IsEverythingWithoutAnUncertaintyAndAPointWithoutNoise) {
  const UnifiedInterval interval(0.95);
  const auto unknown = interval(0.3, 1.0, [](double) { return std::nan(""); });
  EXPECT_EQ(unknown.low, 0.0);
  EXPECT_EQ(unknown.high, 1.0);
  const auto exact = interval(0.3, 1.0, [](double) { return 0.0; });
  EXPECT_NEAR(exact.low, 0.3, 1e-7);
  EXPECT_NEAR(exact.high, 0.3, 1e-7);
}

}  // namespace
}  // namespace ruska::math
