// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/edge_map/edge_map.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/eels/background_fit.hpp"
#include "ruska/ops/eels/edges.hpp"

namespace ruska::ops::eels {
namespace {

const LossAxis axis{200.0, 1.0, 400};

TEST(BackgroundFit, IsExactWithoutNoise) {
  std::vector<double> spectrum;
  for (std::int64_t c = 0; c < axis.size; ++c)
    spectrum.push_back(3e9 * std::pow(axis.at(static_cast<double>(c)), -2.7));
  const BackgroundFit fit(axis, 20, 70);
  const Background law = fit.fit(spectrum);
  ASSERT_TRUE(law.fitted);
  EXPECT_NEAR(law.exponent, 2.7, 1e-8);
  EXPECT_NEAR(fit.at(law, 300), spectrum[300], 1e-6 * spectrum[300]);
  double sum = 0;
  for (std::size_t c = 80; c < 130; ++c) sum += spectrum[c];
  EXPECT_NEAR(fit.integral(law, 80, 130).value, sum, 1e-8 * sum);
}

TEST(BackgroundFit, NeedsCounts) {
  const BackgroundFit fit(axis, 20, 70);
  EXPECT_FALSE(fit.fit(std::vector<double>(400, 0.0)).fitted);
  EXPECT_FALSE(fit.fit(std::vector<double>(400, -1.0)).fitted);
  EXPECT_TRUE(fit.fit(std::vector<double>(400, 2.0)).fitted);
}

// From 1 to 100 counts per channel: the extrapolated sum is right on average and its variance that of repetitions.
TEST(BackgroundFit, ExtrapolatesWithoutBiasAndKnowsItsVariance) {
  for (const double level : {1.0, 10.0, 100.0}) {
    const BackgroundFit fit(axis, 20, 70);
    double truth = 0;
    for (std::int64_t c = 80; c < 130; ++c) truth += level * std::pow(axis.at(static_cast<double>(c)) / 200.0, -3.0);
    double pull = 0, pull_square = 0;
    const int repetitions = 2000;
    for (int n = 0; n < repetitions; ++n) {
      Random random(3, "power law", static_cast<std::uint64_t>(n));
      std::vector<double> spectrum;
      for (std::int64_t c = 0; c < axis.size; ++c) {
        spectrum.push_back(
            static_cast<double>(random.poisson(level * std::pow(axis.at(static_cast<double>(c)) / 200.0, -3.0))));
      }
      const Background law = fit.fit(spectrum);
      ASSERT_TRUE(law.fitted);
      const auto found = fit.integral(law, 80, 130);
      // In logarithms, in which the estimate is near to normal.
      const double one = std::log(found.value / truth) / (std::sqrt(found.variance) / found.value);
      pull += one / repetitions;
      pull_square += one * one / repetitions;
    }
    EXPECT_NEAR(pull, 0.0, 0.1) << level;
    EXPECT_NEAR(pull_square, 1.0, 0.12) << level;
  }
}

TEST(Edges, HaveTheirNamesAndEnergies) {
  EXPECT_NEAR(edge_of("C_K").onset, 284.0, 1.0);
  EXPECT_NEAR(edge_of("Fe_L3").onset, 707.0, 2.0);
  EXPECT_EQ(edge_of("Fe_L3").label(), "Fe L3");
  EXPECT_THROW(edge_of("Fe"), Error);
  EXPECT_THROW(edge_of("C_M5"), Error);
  EXPECT_EQ(main_edge(29, 700, 2000)->name(), "Cu_L3");
  EXPECT_EQ(main_edge(57, 400, 1000)->name(), "La_M5");
  EXPECT_FALSE(main_edge(8, 600, 2000).has_value());
}

/// 40 × 40 positions of a power law and an oxygen edge of 300 counts in 50 eV; variance `gain` times the mean.
Dataset oxygen(double gain, double edge_counts = 300.0, double level = 60.0) {
  Description description;
  description.title = "oxygen";
  description.signal_type = "EELS";
  description.axes = {{.name = "y", .role = Role::navigation, .size = 40},
                      {.name = "x", .role = Role::navigation, .size = 40},
                      {.name = "Energy loss",
                       .quantity = "energy",
                       .units = "eV",
                       .role = Role::signal,
                       .size = 250,
                       .scale = 1.0,
                       .offset = 400.0}};
  std::vector<float> values;
  for (std::int64_t p = 0; p < 1600; ++p) {
    Random random(9, "oxygen", static_cast<std::uint64_t>(p));
    for (std::int64_t c = 0; c < 250; ++c) {
      const double loss = 400.0 + static_cast<double>(c);
      double mean = level * std::pow(loss / 500.0, -3.0);
      if (loss >= 544.0 && loss < 594.0) mean += edge_counts / 50.0;
      values.push_back(static_cast<float>(gain * static_cast<double>(random.poisson(mean / gain))));
    }
  }
  return Dataset::from_values<float>(std::move(description), values);
}

Result mapped(const Dataset& data, const Json& params) {
  Context context;
  return execute(operation("eels.edge_map"), Inputs{{"data", data}}, params, context);
}

class CountsOf : public testing::TestWithParam<double> {};

TEST_P(CountsOf, AnEdgeLieWithinTheirSigmaWhateverTheGain) {
  const double gain = GetParam();
  const Result result = mapped(oxygen(gain), {{"edges", {"O_K"}}, {"energy_shift", 12.0}, {"background_width", 60}});
  const auto counts = result.outputs.dataset("counts").read_all_as_double();
  const auto sigma = result.outputs.dataset("counts_sigma").read_all_as_double();
  double mean = 0, inside = 0;
  for (std::size_t p = 0; p < 1600; ++p) {
    mean += counts[p] / 1600;
    inside += std::abs(counts[p] - 300.0) < sigma[p] ? 1.0 / 1600 : 0.0;
  }
  EXPECT_NEAR(mean, 300.0, 4.0 * sigma[0] / 40.0);
  EXPECT_NEAR(inside, 0.683, 0.05);
}

INSTANTIATE_TEST_SUITE_P(Gains, CountsOf, testing::Values(1.0, 4.0, 0.3),
                         [](const auto& one) { return "Gain" + std::to_string(std::lround(10 * one.param)); });

TEST(EdgeMap, TakesElementsOfTheMetadataAndRefusesWhatTheAxisDoesNotHold) {
  const Dataset data = oxygen(1.0);
  Description description = data.describe();
  set(description.metadata, "Sample.elements", Json::array({"O"}));
  const Dataset named = Dataset::from_values<float>(description, data.read_all<float>());
  EXPECT_EQ(mapped(named, Json::object()).outputs.find("counts")->components, std::vector<std::string>{"O K"});
  const auto message = [&](const Json& params) {
    try {
      mapped(data, params);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message(Json::object()), testing::HasSubstr("no edge is named"));
  EXPECT_THAT(message({{"elements", {"Fe"}}}), testing::HasSubstr("Fe has no K, L3 or M5 edge"));
  EXPECT_THAT(message({{"edges", {"Fe_L3"}}}), testing::HasSubstr("channels before"));
  EXPECT_THAT(message({{"edges", {"O_K", "O_K"}}}), testing::HasSubstr("asked for twice"));
}

}  // namespace
}  // namespace ruska::ops::eels
