// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/randomized_components.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/ops/unmix/pca/pca.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::int64_t height = 20, width = 30;

/// Two spectra that change places along x, and white noise, in a part of the elements.
Dataset two_spectra(std::int64_t channels, double filled = 1) {
  std::vector<double> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const double share = static_cast<double>(p % width) / width;
    for (std::int64_t c = 0; c < channels; ++c) {
      Random random(3, "two spectra", static_cast<std::uint64_t>(p * channels + c));
      const double mean = 10 + 5 * (c < channels / 2 ? share : 1 - share);
      const double value = std::max(0.0, mean + random.normal());
      values.push_back(random.uniform() < filled ? std::floor(16 * value) : 0.0);
    }
  }
  return small_map(height, width, channels, values);
}

PcaResult components_of(const Dataset& data, PcaParams params, const std::string& solver, const Masks& masks = {},
                        int threads = 2) {
  Context context;
  context.threads = threads;
  params.svd_solver = solver;
  return pca(Rows(data, context, masks), params, context);
}

PcaParams two(const std::string& weighting, const std::string& center = "none") {
  PcaParams params;
  params.components = 2;
  params.weighting = weighting;
  params.center = center;
  return params;
}

/// The angle between the k-th factors, as they are in the weighted matrix.
double angle(const PcaResult& a, const PcaResult& b, std::size_t k) {
  const std::size_t channels = a.column_weight.size();
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    const double weight = a.column_weight[c] * a.column_weight[c];
    ab += weight * a.factors[k * channels + c] * b.factors[k * channels + c];
    aa += weight * a.factors[k * channels + c] * a.factors[k * channels + c];
    bb += weight * b.factors[k * channels + c] * b.factors[k * channels + c];
  }
  return std::acos(std::min(1.0, ab / std::sqrt(aa * bb)));
}

void expect_same(const PcaResult& searched, const PcaResult& exact, double most_angle = 1e-3) {
  EXPECT_NEAR(searched.total_sum_of_squares, exact.total_sum_of_squares, 1e-10 * exact.total_sum_of_squares);
  EXPECT_NEAR(searched.noise, exact.noise, 0.05 * exact.noise);
  ASSERT_EQ(searched.loadings.size(), exact.loadings.size());
  for (std::size_t k = 0; k < static_cast<std::size_t>(exact.components); ++k) {
    EXPECT_NEAR(searched.singular_values[k], exact.singular_values[k], 1e-6 * exact.singular_values[k]) << k;
    EXPECT_LE(angle(searched, exact, k), most_angle) << k;
  }
  for (std::size_t i = 0; i < exact.loadings.size(); ++i) {
    EXPECT_EQ(std::isnan(searched.loadings[i]), std::isnan(exact.loadings[i])) << i;
  }
}

TEST(RandomizedComponents, AreTheExactOnesWhereTheyStandOut) {
  const Dataset dense = two_spectra(80), sparse = two_spectra(80, 0.2), wide = two_spectra(700);
  for (const Dataset* data : {&dense, &sparse, &wide}) {
    for (const PcaParams& params : {two("none"), two("poisson"), two("none", "navigation"), two("none", "signal")}) {
      PcaParams one = params;
      if (data == &sparse && one.center != "none") continue;  // which leaves but noise
      if (data == &sparse || one.center != "none") one.components = 1;
      SCOPED_TRACE(one.weighting + " " + one.center + " " + std::to_string(data->describe().signal_size()));
      expect_same(components_of(*data, one, "randomized"), components_of(*data, one, "full"));
    }
  }
}

TEST(RandomizedComponents, LeaveOutWhatIsMasked) {
  const Dataset data = two_spectra(80);
  Masks masks{std::vector<std::uint8_t>(height * width, 0), std::vector<std::uint8_t>(80, 0)};
  masks.rows[5] = masks.columns[7] = 1;
  const PcaResult searched = components_of(data, two("none"), "randomized", masks);
  expect_same(searched, components_of(data, two("none"), "full", masks));
  EXPECT_TRUE(std::isnan(searched.loadings[5 * 2]));
  EXPECT_EQ(searched.factors[7], 0.0);
}

TEST(RandomizedComponents, TellOneSingularValueMoreThanTheyHaveComponents) {
  const Dataset data = two_spectra(80);
  const PcaResult searched = components_of(data, two("none"), "randomized"),
                  exact = components_of(data, two("none"), "full");
  ASSERT_EQ(searched.singular_values.size(), 3u);
  EXPECT_LE(searched.singular_values[2], exact.singular_values[2] * (1 + 1e-9));
  EXPECT_GE(searched.singular_values[2], 0.9 * exact.singular_values[2]);
}

TEST(RandomizedComponents, ExplainNearlyAsMuchOfNoiseAsExactOnes) {
  // Noise has no gap at which a search could stop early: what it leaves may be 5e-4 more for every pass that it saved.
  const Dataset data = two_spectra(400);
  PcaParams params = two("none");
  params.components = 10;
  const auto left = [&](const char* solver) {
    const PcaResult result = components_of(data, params, solver);
    double explained = 0;
    for (std::size_t k = 0; k < 10; ++k) explained += result.singular_values[k] * result.singular_values[k];
    return result.total_sum_of_squares - explained;
  };
  const double exact = left("full"), searched = left("randomized");
  EXPECT_GE(searched, exact * (1 - 1e-9));
  EXPECT_LE(searched, exact * 1.003);
}

TEST(RandomizedComponents, EndWhereTheRankEnds) {
  std::vector<double> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    for (std::int64_t c = 0; c < 40; ++c)
      values.push_back(static_cast<double>((p % 7 + 1) * (c + 1) + (p % 3) * (40 - c)));
  }
  PcaParams params = two("none");
  params.components = 4;
  const Dataset data = small_map(height, width, std::int64_t{40}, values);
  const PcaResult searched = components_of(data, params, "randomized"), exact = components_of(data, params, "full");
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_NEAR(searched.singular_values[k], exact.singular_values[k], 1e-9 * exact.singular_values[0]);
  }
  EXPECT_NEAR(searched.singular_values[2], 0, 1e-6 * exact.singular_values[0]);
  EXPECT_NEAR(searched.singular_values[3], 0, 1e-6 * exact.singular_values[0]);
}

TEST(RandomizedComponents, SameBitsForAnyNumberOfThreads) {
  for (const double filled : {1.0, 0.2}) {
    const Dataset data = two_spectra(80, filled);
    const PcaResult one = components_of(data, two("none"), "randomized", {}, 1);
    const PcaResult seven = components_of(data, two("none"), "randomized", {}, 7);
    EXPECT_EQ(one.factors, seven.factors);
    EXPECT_EQ(one.loadings, seven.loadings);
    EXPECT_EQ(one.singular_values, seven.singular_values);
  }
}

TEST(RandomizedComponents, NeedTheirNumber) {
  PcaParams params;
  try {
    components_of(two_spectra(20), params, "randomized");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_THAT(error.what(), testing::HasSubstr("give components"));
  }
}

}  // namespace
}  // namespace ruska::ops::unmix
