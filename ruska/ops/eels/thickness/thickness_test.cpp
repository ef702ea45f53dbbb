// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/thickness/thickness.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/record.hpp"
#include "ruska/ops/eels/low_loss_map.hpp"
#include "ruska/ops/eels/mean_free_path.hpp"
#include "ruska/ops/eels/zero_loss.hpp"

namespace ruska::ops::eels {
namespace {

Result measured(const Dataset& data, const Json& params = Json::object()) {
  Context context;
  return execute(operation("eels.thickness"), Inputs{{"data", data}}, params, context);
}

TEST(ZeroLoss, CentreOfAGaussianIsExact) {
  for (const double centre : {20.0, 20.2, 20.5, 33.9}) {
    std::vector<double> spectrum(60);
    for (std::size_t c = 0; c < spectrum.size(); ++c) {
      spectrum[c] = 1e5 * std::exp(-0.5 * std::pow((static_cast<double>(c) - centre) / 1.7, 2));
    }
    const ZeroLoss zero = find_zero_loss(spectrum);
    ASSERT_TRUE(zero.found);
    EXPECT_NEAR(zero.centre, centre, 1e-9);
  }
}

TEST(ZeroLoss, IsTheFirstPeakAndNotTheHighest) {
  std::vector<double> spectrum(100);
  for (std::size_t c = 0; c < spectrum.size(); ++c) {
    const double e = static_cast<double>(c);
    spectrum[c] = 300 * std::exp(-0.5 * std::pow((e - 30) / 1.5, 2)) + 900 * std::exp(-0.5 * std::pow((e - 60) / 6, 2));
  }
  EXPECT_NEAR(find_zero_loss(spectrum).centre, 30.0, 1e-3);
  EXPECT_FALSE(find_zero_loss(std::vector<double>(50, 0.0)).found);
  EXPECT_FALSE(find_zero_loss(std::vector<double>{9, 3, 1, 0}).found);  // cut off by the end of the axis
}

TEST(ZeroLoss, VarianceOfTheCentreIsThatOfRepetitions) {
  const Dataset data = low_loss_map(20, 20, 0.3, 4000, 0.1, 0.0);
  const auto values = data.read_all_as_double();
  double pull_square = 0;
  for (std::size_t p = 0; p < 400; ++p) {
    const ZeroLoss zero = find_zero_loss(std::span(values).subspan(p * 320, 320));
    pull_square += std::pow((zero.centre - 10.1 / 0.25), 2) / zero.centre_variance / 400;
  }
  EXPECT_NEAR(pull_square, 1.0, 0.35);
}

class ThicknessOf : public testing::TestWithParam<std::tuple<const char*, double>> {};

TEST_P(ThicknessOf, ASimulatedFilmIsFoundWithinItsSigma) {
  const auto& [how, truth] = GetParam();
  const Result result = measured(low_loss_map(20, 20, truth, 20000), {{"zero_loss", how}});
  const auto values = result.outputs.dataset("thickness").read_all_as_double();
  const auto sigma = result.outputs.dataset("thickness_sigma").read_all_as_double();
  double mean = 0, inside = 0;
  for (std::size_t p = 0; p < 400; ++p) {
    mean += values[p] / 400;
    inside += std::abs(values[p] - truth) < sigma[p] ? 1.0 / 400 : 0.0;
  }
  EXPECT_NEAR(mean, truth, 0.01 * truth + 0.002);
  EXPECT_NEAR(inside, 0.683, 0.1);
  EXPECT_NEAR(result.outputs.number("mean_thickness").value, mean, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Films, ThicknessOf,
                         testing::Combine(testing::Values("reflected", "cut"), testing::Values(0.3, 0.7, 1.2)),
                         [](const auto& one) {
                           return std::string(std::get<0>(one.param)) +
                                  std::to_string(std::lround(10 * std::get<1>(one.param)));
                         });

TEST(MeanFreePath, IsOfTheSizeThatTablesGive) {
  // Silicon at 200 keV into 20 mrad; K. Iakoubovskii et al. measure 145 nm.
  EXPECT_NEAR(inelastic_mean_free_path(2.33, 200.0, 10.0, 20.0), 145.0, 15.0);
  EXPECT_LT(inelastic_mean_free_path(19.3, 200.0, 10.0, 20.0), inelastic_mean_free_path(2.33, 200.0, 10.0, 20.0));
  EXPECT_GT(inelastic_mean_free_path(2.33, 300.0, 10.0, 20.0), inelastic_mean_free_path(2.33, 200.0, 10.0, 20.0));
}

TEST(Thickness, InNanometresWhereTheDensityIsKnown) {
  const Result result = measured(low_loss_map(4, 4, 0.5, 20000), {{"density", 2.33}});
  const double path = result.outputs.number("mean_free_path").value;
  const auto relative = result.outputs.dataset("thickness").read_all_as_double();
  const auto absolute = result.outputs.dataset("thickness_nm").read_all_as_double();
  EXPECT_NEAR(absolute[5], relative[5] * path, 1e-9);
}

TEST(Thickness, SaysWhatIsMissing) {
  Description description = low_loss_map(2, 2, 0.5, 1000).describe();
  description.metadata = Json::object();
  const Dataset bare = Dataset::from_values<double>(description, std::vector<double>(1280, 1.0));
  try {
    measured(bare, {{"density", 2.33}});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("'beam_energy' is missing"));
  }
  try {
    measured(Dataset::from_values<double>(description, std::vector<double>(1280, 0.0)));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no zero-loss peak"));
  }
}

}  // namespace
}  // namespace ruska::ops::eels
