// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/kmeans/kmeans.hpp"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/operation.hpp"
#include "ruska/ops/segment/class_output.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::segment {
namespace {

using unmix::small_map;

KmeansResult cluster(const Dataset& data, const KmeansParams& params, const Masks& masks = {}, int threads = 2) {
  Context context;
  context.threads = threads;
  return kmeans(Rows(data, context, masks), params, context);
}

KmeansParams plain(std::int64_t clusters) {
  KmeansParams params;
  params.clusters = clusters;
  params.normalization = "none";
  return params;
}

/// Poisson counts of two spectra, the second in every fourth row, of a brightness that varies tenfold along x.
std::vector<std::uint16_t> two_phases(std::int64_t height, std::int64_t width, std::int64_t channels, double counts,
                                      std::uint64_t seed) {
  std::vector<std::uint16_t> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const bool second = p / width % 4 == 3;
    const double dose = counts * (0.2 + 1.8 * static_cast<double>(p % width) / static_cast<double>(width));
    for (std::int64_t c = 0; c < channels; ++c) {
      const double centre = static_cast<double>(channels) * (second ? 0.45 : 0.35);
      const double off = (static_cast<double>(c) - centre) / 3;
      const double share =
          0.7 * std::exp(-off * off / 2) / (3 * std::sqrt(2 * M_PI)) + 0.3 / static_cast<double>(channels);
      Random random(seed, "two_phases", static_cast<std::uint64_t>(p * channels + c));
      values.push_back(static_cast<std::uint16_t>(random.poisson(dose * share)));
    }
  }
  return values;
}

TEST(Kmeans, FindsASmallAnswerByHand) {
  // Two pairs on a line: centres 0.5 and 10.5, each position 0.5 from its own.
  const KmeansResult result = cluster(small_map<double>(1, 5, 1, {0, 1, 10, 11, 10.5}), plain(2));
  EXPECT_THAT(result.best.label, testing::ElementsAre(1, 1, 0, 0, 0));  // the largest is the first
  EXPECT_NEAR(result.best.inertia, 0.5 + 0.5, 1e-12);
  EXPECT_THAT(result.best.size, testing::ElementsAre(3, 2));
  EXPECT_TRUE(result.best.converged);
  // a of position 0 is 1, b the mean distance to the three others, 10.5.
  const double s0 = (10.5 - 1) / 10.5, s1 = (9.5 - 1) / 9.5;
  const double s2 = (9.5 - 0.75) / 9.5, s3 = (10.5 - 0.75) / 10.5, s4 = (10 - 0.5) / 10;
  EXPECT_NEAR(result.trials.front().silhouette.value, (s0 + s1 + s2 + s3 + s4) / 5, 1e-9);
}

TEST(Kmeans, SparseAndDenseRowsAgree) {
  const auto counts = two_phases(12, 20, 60, 20, 1);
  std::vector<double> tenths(counts.begin(), counts.end());
  for (double& value : tenths) value *= 0.1;  // not exact in float32, so that the rows are dense
  for (const char* normalization : {"none", "unit_sum", "standardize", "poisson"}) {
    KmeansParams params = plain(3);
    params.normalization = normalization;
    const KmeansResult sparse = cluster(small_map(12, 20, 60, counts), params);
    const KmeansResult dense = cluster(small_map(12, 20, 60, tenths), params);
    EXPECT_EQ(sparse.best.label, dense.best.label) << normalization;
    const double unit = std::string(normalization) == "none" ? 100 : std::string(normalization) == "poisson" ? 10 : 1;
    EXPECT_NEAR(sparse.best.inertia, unit * dense.best.inertia, 1e-9 * sparse.best.inertia) << normalization;
  }
}

TEST(Kmeans, InertiaNeverRises) {
  KmeansParams params = plain(6);
  params.starts = 1;
  const KmeansResult result = cluster(small_map(12, 20, 40, unmix::mixed_counts(12, 20, 40, 4, 50, 3)), params);
  for (std::size_t i = 1; i < result.best.trace.size(); ++i) {
    EXPECT_LE(result.best.trace[i], result.best.trace[i - 1] * (1 + 1e-12)) << i;
  }
}

TEST(Kmeans, SharesOfCountsSeparatePhasesWhateverTheirBrightness) {
  const Dataset data = small_map(24, 30, 80, two_phases(24, 30, 80, 60, 2));
  const auto wrong = [&](const char* normalization) {
    KmeansParams params = plain(2);
    params.normalization = normalization;
    const KmeansResult result = cluster(data, params);
    int count = 0;
    for (std::size_t p = 0; p < result.best.label.size(); ++p) {
      const bool second = p / 30 % 4 == 3;
      count += (result.best.label[p] == 1) != second ? 1 : 0;
    }
    return std::min(count, 720 - count);
  };
  EXPECT_LE(wrong("auto"), 36);
  EXPECT_GT(wrong("none"), 72) << "brightness decides where values are compared as they are";
}

TEST(Kmeans, CountingNoiseAloneLeavesTheExpectedInertia) {
  // One phase: the weighted squares are what the degrees of freedom say, within the scatter of so many positions.
  std::vector<std::uint16_t> counts;
  for (std::uint64_t i = 0; i < 4000 * 30; ++i) {
    counts.push_back(static_cast<std::uint16_t>(Random(5, "flat", i).poisson(0.1 * static_cast<double>(1 + i % 30))));
  }
  KmeansParams params;
  params.clusters = 1;
  const KmeansResult result = cluster(small_map(40, 100, 30, counts), params);
  EXPECT_EQ(result.normalization, "poisson");
  EXPECT_NEAR(result.best.inertia / result.expected_noise, 1, 0.02);
}

TEST(Kmeans, ChoosesTheNumberOfPhases) {
  for (const int phases : {2, 3, 4}) {
    // Pure phases in stripes: no mixtures.
    std::vector<std::uint16_t> values;
    for (std::int64_t p = 0; p < 24 * 30; ++p) {
      for (std::int64_t c = 0; c < 80; ++c) {
        const double off = (static_cast<double>(c) - 80.0 * (static_cast<double>(p / 30 % phases) + 0.5) / phases) / 3;
        const double share = 0.7 * std::exp(-off * off / 2) / 7.5 + 0.3 / 80;
        values.push_back(static_cast<std::uint16_t>(
            Random(9, "stripes", static_cast<std::uint64_t>(p * 80 + c)).poisson(200 * share)));
      }
    }
    for (const char* rule : {"silhouette", "information_criterion"}) {
      KmeansParams params;
      params.choose_by = rule;
      const KmeansResult result = cluster(small_map(24, 30, 80, values), params);
      EXPECT_EQ(result.best.clusters, phases) << rule;
    }
  }
}

TEST(Kmeans, TheCriterionKnowsWhenThereIsOnePhase) {
  std::vector<std::uint16_t> counts;
  for (std::uint64_t i = 0; i < 600 * 30; ++i) {
    counts.push_back(static_cast<std::uint16_t>(Random(6, "flat", i).poisson(0.2 * static_cast<double>(1 + i % 30))));
  }
  KmeansParams params;
  params.choose_by = "information_criterion";
  EXPECT_EQ(cluster(small_map(20, 30, 30, counts), params).best.clusters, 1);
}

TEST(Kmeans, SampledStartsFindWhatAllPositionsFind) {
  const Dataset data = small_map(40, 50, 60, two_phases(40, 50, 60, 60, 4));
  KmeansParams params;
  params.clusters = 2;
  const KmeansResult whole = cluster(data, params);
  for (const char* algorithm : {"lloyd", "mini_batch"}) {
    params.sample = 300;
    params.batch = 200;
    params.algorithm = algorithm;
    const KmeansResult sampled = cluster(data, params);
    EXPECT_EQ(sampled.sampled, 300);
    EXPECT_LE(sampled.best.inertia, whole.best.inertia * 1.002) << algorithm;
    int different = 0;
    for (std::size_t p = 0; p < 2000; ++p) different += sampled.best.label[p] != whole.best.label[p] ? 1 : 0;
    EXPECT_LE(different, 20) << algorithm;
  }
}

TEST(Kmeans, SameBitsForAnyNumberOfThreads) {
  const Dataset data = small_map(40, 50, 60, two_phases(40, 50, 60, 30, 4));
  for (const char* algorithm : {"lloyd", "mini_batch"}) {
    KmeansParams params;
    params.clusters = 4;
    params.sample = 500;
    params.algorithm = algorithm;
    const KmeansResult one = cluster(data, params, {}, 1);
    const KmeansResult many = cluster(data, params, {}, 7);
    EXPECT_EQ(one.best.label, many.best.label);
    EXPECT_EQ(one.best.centres, many.best.centres);
    EXPECT_EQ(one.best.trace, many.best.trace);
  }
}

TEST(Kmeans, LeavesOutMaskedAndEmptyPositions) {
  auto values = two_phases(8, 9, 20, 50, 5);
  std::fill(values.begin() + 7 * 20, values.begin() + 8 * 20, std::uint16_t{0});
  Masks masks{std::vector<std::uint8_t>(72, 0), std::vector<std::uint8_t>(20, 0)};
  masks.rows[5] = masks.columns[3] = 1;
  KmeansParams params;
  params.clusters = 2;
  const KmeansResult result = cluster(small_map(8, 9, 20, values), params, masks);
  for (std::size_t p = 0; p < 72; ++p) EXPECT_EQ(result.best.label[p] < 0, p == 5 || p == 7) << p;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i / 20 == 5 || i % 20 == 3) values[i] = 60000;
  }
  EXPECT_EQ(cluster(small_map(8, 9, 20, values), params, masks).best.label, result.best.label);
}

TEST(Kmeans, FewerDistinctPositionsThanClusters) {
  Context context;
  const Dataset data = small_map<double>(1, 6, 2, {1, 2, 1, 2, 1, 2, 5, 5, 5, 5, 5, 5});
  const KmeansResult result = kmeans(Rows(data, context), plain(4), context);
  EXPECT_EQ(result.best.clusters, 2);
  EXPECT_NEAR(result.best.inertia, 0, 1e-12);
  EXPECT_THAT(context.warnings(), testing::Contains(testing::HasSubstr("only 2 positions differ")));
}

TEST(Kmeans, RefusesWhatMakesNoSense) {
  const Dataset data = small_map<double>(1, 3, 2, {1, 2, -3, 4, 5, 6});
  EXPECT_THROW(cluster(data, plain(4)), Error);
  KmeansParams params = plain(2);
  params.normalization = "poisson";
  EXPECT_THROW(cluster(data, params), Error);
}

TEST(Kmeans, ClusterSpectraHaveHonestErrors) {
  // The pull of the mean spectra against the truth, over seeds.
  double squares = 0;
  int number = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<std::uint16_t> counts;
    for (std::uint64_t i = 0; i < 200 * 10; ++i) {
      counts.push_back(static_cast<std::uint16_t>(Random(seed, "errors", i).poisson(i / 10 % 2 == i % 2 ? 40 : 4)));
    }
    Context context;
    const Rows rows(small_map(10, 20, 10, counts), context);
    KmeansParams params;
    params.clusters = 2;
    const KmeansResult result = kmeans(rows, params, context);
    const ClassSpectra spectra = class_spectra(rows, result.best.label, 2, "averaging", context);
    for (std::size_t i = 0; i < 20; ++i) {
      const double truth = spectra.mean[i] > 20 ? 40 : 4;
      squares += std::pow((spectra.mean[i] - truth) / spectra.sigma[i], 2);
      ++number;
    }
  }
  EXPECT_NEAR(squares / number, 1, 3 * std::sqrt(2.0 / number));
}

TEST(KmeansOperation, TakesAStackOfMaps) {
  // Loadings (component | y, x): the same answer as the positions with a feature each.
  const auto values = unmix::mixed_counts(6, 7, 5, 3, 500, 8);
  std::vector<double> positions(values.begin(), values.end()), stack(positions.size());
  for (std::size_t p = 0; p < 42; ++p) {
    for (std::size_t c = 0; c < 5; ++c) stack[c * 42 + p] = positions[p * 5 + c];
  }
  Description description;
  description.axes = {{.name = "component", .role = Role::navigation, .size = 5},
                      {.name = "y", .role = Role::signal, .size = 6},
                      {.name = "x", .role = Role::signal, .size = 7}};
  const Operation& of_registry = operation("segment.kmeans");
  const Json parameters = complete(of_registry.parameters, {{"clusters", 3}, {"normalization", "none"}});
  Context context;
  const Outputs maps =
      of_registry.run({{"data", Dataset::from_values<double>(description, stack)}}, parameters, context);
  const Outputs spectra = of_registry.run({{"data", small_map(6, 7, 5, positions)}}, parameters, context);
  EXPECT_EQ(maps.dataset("labels").read_all<std::int32_t>(), spectra.dataset("labels").read_all<std::int32_t>());
  EXPECT_EQ(maps.dataset("labels").describe().shape(), (Shape{6, 7}));
}

}  // namespace
}  // namespace ruska::ops::segment
