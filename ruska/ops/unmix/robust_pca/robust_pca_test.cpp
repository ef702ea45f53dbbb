// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/robust_pca/robust_pca.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

RobustPcaResult split(const Dataset& data, const RobustPcaParams& params = {}) {
  Context context;
  context.threads = 2;
  return robust_pca(data, {}, params, context);
}

TEST(RobustPca, FindsSpikesInCountsAndNothingElse) {
  std::vector<std::uint16_t> counts = mixed_counts(16, 20, 120, 3, 600, 3);
  EXPECT_EQ(split(small_map(16, 20, 120, counts)).outliers.size(), 0u);
  const std::vector<std::size_t> spikes{5 * 120 + 60, 77 * 120 + 3, 200 * 120 + 119, 310 * 120 + 60};
  const std::vector<std::uint16_t> clean = counts;
  for (const std::size_t spike : spikes) counts[spike] = static_cast<std::uint16_t>(counts[spike] + 150);
  const Dataset data = small_map(16, 20, 120, counts);
  const RobustPcaResult result = split(data);
  EXPECT_TRUE(result.converged);
  EXPECT_EQ(result.components.components, 3);
  ASSERT_EQ(result.outliers.size(), spikes.size());
  for (std::size_t i = 0; i < spikes.size(); ++i) {
    EXPECT_EQ(result.outliers.position[i] * 120 + result.outliers.channel[i], static_cast<std::int64_t>(spikes[i]));
    EXPECT_NEAR(result.outliers.excess[i], 150, 25);
    EXPECT_GT(result.outliers.significance[i], 6);
  }
  const auto cleaned = without_outliers(data, result.outliers).read_all<std::uint16_t>();
  for (std::size_t i = 0; i < cleaned.size(); ++i) {
    if (std::find(spikes.begin(), spikes.end(), i) == spikes.end()) {
      ASSERT_EQ(cleaned[i], clean[i]);
    }
  }
}

TEST(RobustPca, SpikesNoLongerPullTheComponents) {
  std::vector<float> values(20 * 20 * 50);
  for (std::size_t p = 0; p < 400; ++p) {
    for (std::size_t e = 0; e < 50; ++e) {
      const double signal = static_cast<double>(1 + p % 7) * std::sin(0.2 * static_cast<double>(e));
      values[p * 50 + e] = static_cast<float>(signal + 0.05 * Random(1, "noise", p * 50 + e).normal());
    }
  }
  values[123 * 50 + 17] = 500;
  values[321 * 50 + 8] = -500;
  RobustPcaParams params;
  params.components = 1;
  const RobustPcaResult result = split(small_map(20, 20, 50, values), params);
  EXPECT_TRUE(result.converged);
  ASSERT_EQ(result.outliers.size(), 2u);
  EXPECT_LT(result.outliers.significance[1], -6);
  double overlap = 0, own = 0, expected = 0;
  for (std::size_t e = 0; e < 50; ++e) {
    const double truth = std::sin(0.2 * static_cast<double>(e)), factor = result.components.factors[e];
    overlap += truth * factor;
    own += factor * factor;
    expected += truth * truth;
  }
  EXPECT_GT(std::abs(overlap) / std::sqrt(own * expected), 0.99999);
}

TEST(Outliers, AreTakenOffInAnyRegionAndInSparseCounts) {
  const std::vector<std::uint16_t> counts{1, 0, 0, 9, 0, 2, 0, 0, 0, 0, 7, 0};
  const Dataset data = small_map(2, 2, 3, counts);
  Outliers outliers;
  outliers.position = {1, 3, 3};
  outliers.channel = {0, 0, 1};
  outliers.excess = {8, -3, 7};
  outliers.significance = {9, 9, 9};
  const Dataset cleaned = without_outliers(data, outliers);
  EXPECT_EQ(cleaned.read_all<std::uint16_t>(), (std::vector<std::uint16_t>{1, 0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0}));
  EXPECT_EQ(cleaned.read<std::uint16_t>({{0, 1, 0}, {2, 1, 1}}), (std::vector<std::uint16_t>{1, 3}));
  SparseCounts sparse;
  for (std::size_t p = 0; p < 4; ++p) {
    for (std::size_t e = 0; e < 3; ++e) {
      if (counts[p * 3 + e] == 0) continue;
      sparse.channel.push_back(static_cast<std::uint32_t>(e));
      sparse.value.push_back(counts[p * 3 + e]);
    }
    sparse.row_start.push_back(sparse.nonzeros());
  }
  const SparseCounts rows =
      without_outliers(Dataset::from_counts(data.describe(), sparse), outliers).source().read_counts(1, 4);
  EXPECT_EQ(rows.row_start, (std::vector<std::int64_t>{0, 2, 2, 3}));
  EXPECT_EQ(rows.channel, (std::vector<std::uint32_t>{0, 2, 0}));
  EXPECT_EQ(rows.value, (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(RobustPca, RefusesDataThatAreNoLowRankWithExceptions) {
  std::vector<double> values(30 * 30 * 40);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = Random(2, "wild", i).normal();
  RobustPcaParams params;
  params.components = 1;
  params.significance = 2;
  params.iterations = 3;
  const RobustPcaResult result = split(small_map(30, 30, 40, values), params);
  EXPECT_GT(result.outliers.size(), 500u);  // 4.6 % of 36,000 by chance
}

}  // namespace
}  // namespace ruska::ops::unmix
