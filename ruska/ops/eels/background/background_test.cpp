// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/background/background.hpp"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/eels/background_fit.hpp"
#include "ruska/ops/eels/edges.hpp"
#include "ruska/ops/eels/eels_example.hpp"
#include "ruska/ops/eels/spectrumwise_source.hpp"

namespace ruska::ops::eels {
namespace {

constexpr std::int64_t height = 20, width = 24, channels = 150;

Description axes_of_map(std::int64_t rows = height) {
  Description description;
  description.title = "background";
  description.signal_type = "EELS";
  description.axes = {{.name = "y", .role = Role::navigation, .size = rows},
                      {.name = "x", .role = Role::navigation, .size = width},
                      {.name = "Energy loss",
                       .quantity = "energy",
                       .units = "eV",
                       .role = Role::signal,
                       .size = channels,
                       .scale = 1.0,
                       .offset = 450.0}};
  return description;
}

/// A power law of exponent 3 and `level` counts per channel at 500 eV; variance `gain` times the mean.
Dataset power_laws(double level, double gain) {
  std::vector<float> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    Random random(7, "background", static_cast<std::uint64_t>(p));
    for (std::int64_t c = 0; c < channels; ++c) {
      const double mean = level * std::pow((450.0 + static_cast<double>(c)) / 500.0, -3.0);
      values.push_back(static_cast<float>(gain * static_cast<double>(random.poisson(mean / gain))));
    }
  }
  return Dataset::from_values<float>(axes_of_map(), values);
}

Result fitted(const Dataset& data, const Json& params) {
  Context context;
  return execute(operation("eels.background"), Inputs{{"data", data}}, params, context);
}

std::vector<double> values_of(const Result& result, const std::string& name) {
  return result.outputs.dataset(name).read_all_as_double();
}

TEST(SpectrumwiseSource, GivesTheSameValuesInEveryRegion) {
  Description axes = axes_of_map(3);
  std::vector<float> values;
  for (std::int64_t i = 0; i < 3 * width * channels; ++i) values.push_back(static_cast<float>(i % 1009));
  const Dataset data = Dataset::from_values<float>(axes, values);
  Description line;
  line.axes = {axes.axes[2]};
  std::vector<float> common(channels, 2.0f);
  common[5] = 7.0f;
  const Dataset one = Dataset::from_values<float>(line, common);
  const SpectrumwiseSource source({data, one}, computed_spectra(axes, "sum", channels - 3, 453.0), [] {
    return [](std::int64_t position, Spectra spectra, RowRange asked, std::span<double> out) {
      for (std::int64_t c = asked.begin; c < asked.end; ++c) {
        const auto from = static_cast<std::size_t>(c + 3);
        out[static_cast<std::size_t>(c - asked.begin)] =
            spectra[0][from] * spectra[1][from] + static_cast<double>(position);
      }
    };
  });
  const auto value_at = [&](const Region& region) {
    std::vector<float> out(static_cast<std::size_t>(region.count()));
    source.read(region, std::as_writable_bytes(std::span(out)));
    return out;
  };
  const std::vector<float> all = value_at(Region::whole({3, width, channels - 3}));
  for (const std::int64_t p : {0, 5, 30, 71}) {
    for (const std::int64_t c : {0, 2, 40, 146}) {
      const float wanted =
          values[static_cast<std::size_t>(p * channels + c + 3)] * (c == 2 ? 7.0f : 2.0f) + static_cast<float>(p);
      EXPECT_EQ(all[static_cast<std::size_t>(p * (channels - 3) + c)], wanted);
      EXPECT_EQ(value_at({{p / width, p % width, c}, {1, 1, 1}})[0], wanted);
    }
  }
}

TEST(BackgroundFit, FitsExponentialsToo) {
  const LossAxis axis{100.0, 0.5, 200};
  std::vector<double> spectrum;
  for (std::int64_t c = 0; c < axis.size; ++c) {
    spectrum.push_back(5e4 * std::exp(-axis.at(static_cast<double>(c)) / 60.0));
  }
  const BackgroundFit fit(axis, 10, 60, BackgroundModel::exponential);
  const Background law = fit.fit(spectrum);
  ASSERT_TRUE(law.fitted);
  EXPECT_NEAR(law.exponent / fit.reference(), 1.0 / 60.0, 1e-10);
  EXPECT_NEAR(fit.at(law, 180), spectrum[180], 1e-7 * spectrum[180]);
}

TEST(BackgroundFit, OfAKnownExponentHasTheCountsOfItsWindow) {
  const LossAxis axis{400.0, 1.0, 200};
  const BackgroundFit fit(axis, 10, 60);
  const Background law = fit.of_exponent(2.5, 0.04, 1234.0);
  double sum = 0;
  for (std::int64_t c = 10; c < 60; ++c) sum += fit.at(law, c);
  EXPECT_NEAR(sum, 1234.0, 1e-9);
  // var B by its two independent parts: the counts, and the exponent about the level that they ask for.
  const double step = 1e-4;
  const double change =
      (fit.at(fit.of_exponent(2.5 + step, 0, 1234.0), 150) - fit.at(fit.of_exponent(2.5 - step, 0, 1234.0), 150)) /
      (2 * step);
  const double value = fit.at(law, 150);
  EXPECT_NEAR(fit.variance_at(law, 150), value * value / 1234.0 + change * change * 0.04, 1e-6 * value * value);
}

class BackgroundOf : public testing::TestWithParam<std::pair<double, double>> {};

// Where the law goes on, what is left has mean zero and the σ that is told; so have r and A.
TEST_P(BackgroundOf, APowerLawLeavesNothingWithinItsSigma) {
  const auto [level, gain] = GetParam();
  const Result result = fitted(power_laws(level, gain), {{"from", 455}, {"to", 520}});
  const auto left = values_of(result, "subtracted"), sigma = values_of(result, "subtracted_sigma");
  const auto exponent = values_of(result, "exponent"), exponent_sigma = values_of(result, "exponent_sigma");
  const Description& description = result.outputs.dataset("subtracted").describe();
  EXPECT_EQ(description.axes[2].size, channels - 5);
  EXPECT_DOUBLE_EQ(description.axes[2].offset, 455.0);
  double pull = 0, square = 0, inside = 0, exponents = 0;
  constexpr auto positions = static_cast<std::size_t>(height * width);
  for (std::size_t p = 0; p < positions; ++p) {
    for (const std::size_t c : {80u, 100u, 120u}) {
      const double one = left[p * (channels - 5) + c] / sigma[p * (channels - 5) + c];
      pull += one / (3.0 * positions);
      square += one * one / (3.0 * positions);
    }
    const double one = (exponent[p] - 3.0) / exponent_sigma[p];
    exponents += one / positions;
    inside += std::abs(one) < 1.0 ? 1.0 / positions : 0.0;
  }
  EXPECT_NEAR(pull, 0.0, 0.15);
  EXPECT_NEAR(square, 1.0, 0.16);  // the larger of y and B makes σ a little too large at few counts
  EXPECT_NEAR(exponents, 0.0, 0.15);
  EXPECT_NEAR(inside, 0.683, 0.06);
  const auto flags = values_of(result, "flags");
  EXPECT_LE(std::count_if(flags.begin(), flags.end(), [](double flag) { return flag != 0; }), 2);
}

INSTANTIATE_TEST_SUITE_P(Counts, BackgroundOf,
                         testing::Values(std::pair{40.0, 1.0}, std::pair{400.0, 1.0}, std::pair{400.0, 5.0}),
                         [](const auto& one) {
                           return "Level" + std::to_string(std::lround(one.param.first)) + "Gain" +
                                  std::to_string(std::lround(one.param.second));
                         });

TEST(Background, SharedExponentsScatterLessAndSaySo) {
  const Dataset data = power_laws(40.0, 1.0);
  const Json window{{"from", 455}, {"to", 520}};
  Json smooth = window;
  smooth["smoothing"] = 1.5;
  const Result own = fitted(data, window), shared = fitted(data, smooth);
  const auto exponent = values_of(shared, "exponent"), sigma = values_of(shared, "exponent_sigma");
  const auto own_sigma = values_of(own, "exponent_sigma");
  double square = 0, gained = 0, pull = 0, left = 0;
  const auto subtracted = values_of(shared, "subtracted"), subtracted_sigma = values_of(shared, "subtracted_sigma");
  for (std::size_t p = 0; p < exponent.size(); ++p) {
    const auto count = static_cast<double>(exponent.size());
    square += std::pow((exponent[p] - 3.0) / sigma[p], 2) / count;
    gained += own_sigma[p] / sigma[p] / count;
    const double one = subtracted[p * (channels - 5) + 110] / subtracted_sigma[p * (channels - 5) + 110];
    pull += one / count;
    left += one * one / count;
  }
  EXPECT_GT(gained, 3.0);         // a Gaussian of 1.5 px averages 4π 1.5² positions, fewer at the borders
  EXPECT_NEAR(square, 1.0, 0.4);  // neighbours share their noise: few are independent
  EXPECT_NEAR(left, 1.0, 0.2);
  EXPECT_NEAR(pull, 0.0, 0.2);
}

TEST(Background, FlagsWhatMeansNothing) {
  std::vector<float> values = power_laws(400.0, 1.0).read_all<float>();
  const auto spectrum = [&](std::size_t p) { return std::span(values).subspan(p * channels, channels); };
  for (float& value : spectrum(3)) value = 0.0f;
  for (std::size_t c = 0; c < channels; ++c) spectrum(5)[c] = 100.0f + 3.0f * static_cast<float>(c);
  for (std::size_t c = 0; c < channels; ++c)
    spectrum(8)[c] = 400.0f + (c % 20 < 10 ? 300.0f : 0.0f) - static_cast<float>(c);
  for (float& value : spectrum(9)) value = -1.0f;
  const Result result = fitted(Dataset::from_values<float>(axes_of_map(), values), {{"from", 455}, {"to", 520}});
  const auto flags = values_of(result, "flags");
  EXPECT_EQ(flags[3], 1);
  EXPECT_EQ(flags[5], 3);
  EXPECT_EQ(flags[8], 4);
  EXPECT_EQ(flags[9], 1);
  EXPECT_EQ(std::count(flags.begin(), flags.end(), 0.0), static_cast<std::ptrdiff_t>(flags.size()) - 4);
  EXPECT_TRUE(std::isnan(values_of(result, "exponent")[3]));
  EXPECT_TRUE(std::isnan(values_of(result, "subtracted")[3 * (channels - 5) + 40]));
  EXPECT_FALSE(std::isnan(values_of(result, "subtracted")[5 * (channels - 5) + 40]));
}

TEST(Background, FindsItsWindowBeforeTheFirstEdgeOfTheMetadata) {
  Description description = axes_of_map();
  set(description.metadata, "Sample.elements", Json::array({"O", "Fe"}));
  const Dataset data = Dataset::from_values<float>(description, power_laws(100, 1).read_all<float>());
  const Result result = fitted(data, Json::object());
  EXPECT_THAT(result.outputs.summary.front(), testing::HasSubstr("before O K"));
  EXPECT_EQ(fitted(data, {{"edge", "O"}}).record["outputs"], result.record["outputs"]);
  const auto message = [&](const Json& params) {
    try {
      fitted(power_laws(100, 1), params);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message(Json::object()), testing::HasSubstr("no edge is named"));
  EXPECT_THAT(message({{"from", 460}}), testing::HasSubstr("'to' is missing"));
  EXPECT_THAT(message({{"from", 460}, {"to", 461}}), testing::HasSubstr("4 at least"));
  EXPECT_THAT(message({{"edge", "Fe"}}), testing::HasSubstr("Fe has no K, L3 or M5 edge"));
}

// What stands over the background of a simulated edge is that edge.
TEST(Background, LeavesTheEdgesOfSimulatedLosses) {
  const Outputs made = simulated_eels({{"x", 12},
                                       {"y", 12},
                                       {"dispersion", 1.0},
                                       {"offset", 220},
                                       {"energy_channels", 120},
                                       {"thickness", 0.3},
                                       {"electrons", 1e8}});
  const Result result = fitted(made.dataset("data"), {{"edge", "C_K"}});
  const auto truth = made.dataset("edge_counts").read_all_as_double();
  const Dataset& subtracted = result.outputs.dataset("subtracted");
  const Axis& axis = subtracted.describe().signal_axis();
  const auto values = subtracted.read_all_as_double();
  double sum = 0, expected = 0;
  for (std::size_t p = 0; p < 144; ++p) {
    expected += truth[p];  // the only edge on the axis
    for (std::int64_t c = 0; c < axis.size; ++c) {
      const double loss = axis.at(static_cast<double>(c)) - edge_of("C_K").onset;
      if (loss >= 0 && loss < 50) sum += values[p * static_cast<std::size_t>(axis.size) + static_cast<std::size_t>(c)];
    }
  }
  EXPECT_NEAR(sum / expected, 1.0, 0.02);
}

}  // namespace
}  // namespace ruska::ops::eels
