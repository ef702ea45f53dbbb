// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
// What says how far a factorisation can be trusted: replicates, matches of spectra, and the range of rotations.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "ruska/ops/unmix/matched_spectra.hpp"
#include "ruska/ops/unmix/poisson_replicate.hpp"
#include "ruska/ops/unmix/rotation_range.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

TEST(MatchedSpectra, PairsFromTheSmallestAngleUp) {
  const std::vector<double> ours{1, 0, 0, 0, 1, 0, 0, 0, 1}, theirs{0, 0, 2, 3, 0, 0, 0, 1, 1};
  const MatchedSpectra matched = matched_spectra(ours, theirs, 3, 3);
  EXPECT_EQ(matched.partner, (std::vector<std::size_t>{1, 2, 0}));
  EXPECT_NEAR(matched.angle[0], 0, 1e-6);
  EXPECT_NEAR(matched.angle[1], 45, 1e-9);
  EXPECT_NEAR(matched.angle[2], 0, 1e-6);
}

TEST(PoissonReplicate, HasTheMeanAndVarianceOfCounts) {
  constexpr std::int64_t height = 40, width = 50;
  const std::vector<double> factors{0.5, 0.5, 0, 0, 0, 0.25, 0.25, 0.5};
  std::vector<double> loadings;
  for (std::int64_t p = 0; p < height * width; ++p) loadings.insert(loadings.end(), {6.0, 2.0});
  const Dataset like = small_map(height, width, 4, std::vector<double>(height * width * 4, 0.0));
  const std::vector<double> values = poisson_replicate(like.describe(), factors, loadings, 3, 1).read_all_as_double();
  const double means[] = {3.0, 3.5, 0.5, 1.0};
  for (std::size_t c = 0; c < 4; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t p = 0; p < height * width; ++p) {
      sum += values[p * 4 + c];
      squares += values[p * 4 + c] * values[p * 4 + c];
    }
    const double n = height * width, mean = sum / n, variance = squares / n - mean * mean;
    EXPECT_NEAR(mean, means[c], 5 * std::sqrt(means[c] / n));
    EXPECT_NEAR(variance, means[c], 0.15 * means[c] + 0.05);
  }
}

TEST(PoissonReplicate, IsTheSameForEveryRegionAndAnotherForEveryReplicate) {
  const std::vector<double> factors{0.2, 0.3, 0.5};
  std::vector<double> loadings(12, 30.0);
  loadings[5] = std::numeric_limits<double>::quiet_NaN();
  const Dataset like = small_map(3, 4, 3, std::vector<double>(36, 0.0));
  const Dataset one = poisson_replicate(like.describe(), factors, loadings, 3, 1);
  const std::vector<double> all = one.read_all_as_double();
  EXPECT_EQ(one.read_as_double({{1, 1, 0}, {1, 2, 3}}), (std::vector<double>{all.begin() + 15, all.begin() + 21}));
  EXPECT_EQ(all[15] + all[16] + all[17], 0);
  EXPECT_NE(poisson_replicate(like.describe(), factors, loadings, 3, 2).read_all_as_double(), all);
}

TEST(RotationRange, IsNothingForPureSpectraAndPurePositions) {
  const std::vector<double> factors{0.5, 0.5, 0, 0, 0, 0.5, 0.5, 0}, loadings{10, 0, 0, 10, 5, 5};
  const RotationRange range =
      rotation_range(factors, std::vector<double>(8, 1e-4), loadings, std::vector<double>(6, 1e-3), 2);
  for (const double one : range.may_hold) EXPECT_LT(one, 1e-3);
  for (const double one : range.may_lack) EXPECT_LT(one, 1e-3);
}

TEST(RotationRange, IsWhatOneSpectrumHasOfTheOther) {
  // The first spectrum is the sum of 0.6 of one without the second's channel and 0.4 of the second.
  const std::vector<double> factors{0.6, 0.4, 0.0, 1.0};
  // Positions hold at least 0.2 of the second for each of the first.
  const std::vector<double> loadings{10, 2, 5, 5, 1, 9};
  const RotationRange range =
      rotation_range(factors, std::vector<double>(4, 1e-6), loadings, std::vector<double>(6, 1e-6), 2);
  EXPECT_NEAR(range.may_hold[1], 0.4, 1e-4);  // the first less 0.4 of the second
  EXPECT_NEAR(range.may_lack[1], 0.2, 1e-4);  // the first plus 0.2 of the second
  EXPECT_NEAR(range.may_hold[2], 0.0, 1e-4);  // the second has nothing where the first has 0.6
}

}  // namespace
}  // namespace ruska::ops::unmix
