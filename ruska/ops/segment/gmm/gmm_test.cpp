// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/gmm/gmm.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::segment {
namespace {

using unmix::small_map;

GmmResult fit(const Dataset& data, const GmmParams& params, int threads = 2) {
  Context context;
  context.threads = threads;
  return gmm(Rows(data, context), params, context);
}

/// Two normal distributions in the plane: 700 round about (0, 0), 300 long about (6, 0).
std::vector<double> two_clouds(std::uint64_t seed) {
  std::vector<double> values;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Random random(seed, "clouds", i);
    const double a = random.normal(), b = random.normal();
    const bool second = i % 10 >= 7;
    values.push_back(second ? 6 + 0.5 * a : a);
    values.push_back(second ? 3 * b : b);
  }
  return values;
}

GmmParams plain(std::int64_t clusters, const std::string& covariance = "full") {
  GmmParams params;
  params.clusters = clusters;
  params.covariance = covariance;
  params.normalization = "none";
  return params;
}

TEST(Gmm, OneClusterIsTheMeanAndTheCovariance) {
  const GmmResult result = fit(small_map<double>(1, 4, 2, {0, 0, 2, 0, 0, 4, 2, 4}), plain(1));
  const Mixture& mixture = result.mixture;
  EXPECT_NEAR(mixture.covariances[0], 1 + 1e-6, 1e-12);
  EXPECT_NEAR(mixture.covariances[1], 0, 1e-12);
  EXPECT_NEAR(mixture.covariances[3], 4 + 1e-6, 1e-12);
  // −½ (2 ln 2π + ln 4 + 2): every position lies one σ away along both axes.
  EXPECT_NEAR(mixture.log_likelihood, -0.5 * (2 * std::log(2 * M_PI) + std::log(4.0) + 2), 1e-5);
  EXPECT_EQ(mixture.free_values(), 5);
}

TEST(Gmm, CountsFreeValuesOfEveryShape) {
  const auto values = [](const char* shape) { return Mixture{shape, 3, 4, {}, {}, {}, 0, 0, true}.free_values(); };
  EXPECT_EQ(values("full"), 3 * 10 + 12 + 2);
  EXPECT_EQ(values("tied"), 10 + 12 + 2);
  EXPECT_EQ(values("diagonal"), 12 + 12 + 2);
  EXPECT_EQ(values("spherical"), 3 + 12 + 2);
}

TEST(Gmm, RecoversWhatWasDrawn) {
  const Dataset data = small_map(20, 50, 2, two_clouds(1));
  GmmParams params = plain(2);
  params.tolerance = 1e-8;
  const Mixture mixture = fit(data, params).mixture;
  EXPECT_NEAR(mixture.weight[0], 0.7, 0.03);
  EXPECT_NEAR(mixture.mean[2] - mixture.mean[0], 6, 0.15);
  EXPECT_NEAR(mixture.covariances[4], 0.25, 0.06);
  EXPECT_NEAR(mixture.covariances[7], 9, 1.5);
}

TEST(Gmm, LikelihoodFallsWithLessFreedom) {
  const Dataset data = small_map(20, 50, 2, two_clouds(2));
  const auto likelihood = [&](const char* shape) {
    GmmParams params = plain(2, shape);
    params.tolerance = 1e-8;
    return fit(data, params).mixture.log_likelihood;
  };
  EXPECT_GE(likelihood("full"), likelihood("diagonal") - 1e-6);
  EXPECT_GT(likelihood("diagonal"), likelihood("spherical"));
  EXPECT_GT(likelihood("full"), likelihood("tied"));
}

TEST(Gmm, ChoosesTheNumberOfClusters) {
  GmmParams params = plain(2);
  params.clusters.reset();
  EXPECT_EQ(fit(small_map(20, 50, 2, two_clouds(3)), params).mixture.clusters, 2u);
}

TEST(Gmm, TakesPrincipalComponentsOfSpectra) {
  // Counts of three materials in 60 channels: two components beside the common one.
  const Dataset data = small_map(30, 30, 60, unmix::mixed_counts(30, 30, 60, 3, 400, 4));
  const GmmResult result = fit(data, {});
  EXPECT_EQ(result.mixture.dimensions, 2u);
  EXPECT_GE(result.mixture.clusters, 3u);
  EXPECT_THAT(result.compared, testing::HasSubstr("2 principal components of the shares"));
}

TEST(Gmm, ProbabilitiesAreCalibrated) {
  // Of the positions that are given to the second cloud with about p, about p belong there.
  const std::vector<double> values = two_clouds(5);
  const GmmResult result = fit(small_map(20, 50, 2, values), plain(2));
  double expected = 0, variance = 0, found = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    const double p = result.probability[i * 2 + 1];
    expected += p;
    variance += p * (1 - p);
    found += i % 10 >= 7 ? 1 : 0;
  }
  EXPECT_NEAR(expected, found, 3 * std::sqrt(variance) + 3);
}

TEST(Gmm, SameBitsForAnyNumberOfThreads) {
  const Dataset data = small_map(20, 50, 2, two_clouds(6));
  const GmmResult one = fit(data, plain(3), 1), many = fit(data, plain(3), 7);
  EXPECT_EQ(one.probability, many.probability);
  EXPECT_EQ(one.mixture.covariances, many.mixture.covariances);
}

TEST(Gmm, RefusesWhatMakesNoSense) {
  const Dataset data = small_map(2, 3, 20, unmix::mixed_counts(2, 3, 20, 2, 50, 7));
  GmmParams params;
  params.normalization = "standardize";
  EXPECT_THROW(fit(data, params), Error);
  params = plain(7);
  EXPECT_THROW(fit(data, params), Error);
}

}  // namespace
}  // namespace ruska::ops::segment
