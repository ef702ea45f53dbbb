// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
// Coverage of the intervals of unmix.abundances: how often, in simulation, they hold the truth, which may lie at a
// bound. An interval that ends at a bound holds the bound: one-sided intervals cover 0 or 1 unless they exclude it.
#include <array>
#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "tests/golden/u1_u2.hpp"

namespace ruska {
namespace {

constexpr std::size_t materials = 3;
constexpr std::uint64_t draws = 4;  // so that chance is well below the three points
constexpr double rounding = 1e-6;   // ends are found to 1e-7

/// Pure materials, mixtures of two with some next to nothing, and mixtures of all.
const std::vector<std::array<double, materials>> mixtures{
    {1, 0, 0},       {0, 1, 0},       {0, 0, 1},          {0.5, 0.5, 0},   {0.5, 0, 0.5},    {0, 0.3, 0.7},
    {0.95, 0.05, 0}, {0.02, 0, 0.98}, {0.34, 0.33, 0.33}, {0.1, 0.1, 0.8}, {0.8, 0.15, 0.05}};

struct Setting {
  const char* method;
  const char* constraint;
  double counts;
};

golden::TwoSpheres phantom(double counts) {
  golden::TwoSpheres truth = golden::u2(1.0, counts);
  for (std::size_t p = 0; p < static_cast<std::size_t>(truth.positions()); ++p) {
    for (std::size_t k = 0; k < materials; ++k) truth.fractions[p * materials + k] = mixtures[p % mixtures.size()][k];
  }
  return truth;
}

Dataset given_spectra(const golden::TwoSpheres& truth, const Dataset& data) {
  Description description;
  description.axes = {Axis{.name = "component", .role = Role::navigation, .size = 3}, data.describe().axes[2]};
  return Dataset::from_values<double>(description, truth.spectra);
}

/// How often the intervals of each kind of truth ("0", "1", "between") hold it, for 68 % and 95 %.
struct Coverage {
  double cases = 0, of_68 = 0, of_95 = 0;
};
void add_coverage(const golden::TwoSpheres& truth, const Dataset& data, const Setting& setting,
                  std::map<std::string, Coverage>& found) {
  Context context;
  const Result result =
      execute(operation("unmix.abundances"), {{"data", data}, {"spectra", given_spectra(truth, data)}},
              Json{{"method", setting.method}, {"constraint", setting.constraint}}, context);
  const auto values = [&](const char* name) { return result.outputs.dataset(name).read_all<double>(); };
  const auto low_68 = values("low_68"), high_68 = values("high_68"), low_95 = values("low_95"),
             high_95 = values("high_95");
  const bool shares = std::string(setting.constraint) == "sum_to_one";
  const auto positions = static_cast<std::size_t>(truth.positions());
  for (std::size_t k = 0; k < materials; ++k) {
    for (std::size_t p = 0; p < positions; ++p) {
      const double share = truth.fractions[p * materials + k], value = shares ? share : truth.counts * share;
      Coverage& coverage = found[share == 0 ? "0" : share == 1 ? "1" : "between"];
      const std::size_t i = k * positions + p;
      coverage.cases += 1;
      coverage.of_68 += low_68[i] - rounding <= value && value <= high_68[i] + rounding ? 1 : 0;
      coverage.of_95 += low_95[i] - rounding <= value && value <= high_95[i] + rounding ? 1 : 0;
    }
  }
}

void expect_coverage(const std::map<std::string, Coverage>& found, const Setting& setting) {
  for (const auto& [kind, coverage] : found) {
    const double of_68 = 100 * coverage.of_68 / coverage.cases, of_95 = 100 * coverage.of_95 / coverage.cases;
    std::printf("%-13s %-12s %5.0f counts, truth %-7s (%5.0f cases): 68 %% interval %.1f %%, 95 %% interval %.1f %%\n",
                setting.method, setting.constraint, setting.counts, kind.c_str(), coverage.cases, of_68, of_95);
    EXPECT_NEAR(of_68, 68.27, 3) << setting.method << " truth " << kind << " at " << setting.counts << " counts";
    EXPECT_NEAR(of_95, 95, 3) << setting.method << " truth " << kind << " at " << setting.counts << " counts";
  }
}

class AbundanceIntervals : public testing::TestWithParam<Setting> {};

TEST_P(AbundanceIntervals, HoldTheTruthAsOftenAsTheySay) {
  const golden::TwoSpheres truth = phantom(GetParam().counts);
  std::map<std::string, Coverage> found;
  for (std::uint64_t seed = 0; seed < draws; ++seed) add_coverage(truth, truth.draw(seed), GetParam(), found);
  expect_coverage(found, GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Counts, AbundanceIntervals,
    testing::Values(Setting{"likelihood", "sum_to_one", 2000}, Setting{"likelihood", "sum_to_one", 293},
                    Setting{"likelihood", "sum_to_one", 60}, Setting{"likelihood", "non_negative", 293},
                    Setting{"least_squares", "sum_to_one", 293}, Setting{"least_squares", "non_negative", 293}));

// Noise that is no counts: its variance comes from the residuals of each position.
TEST(AbundanceIntervals, HoldTheTruthOfMeasuredNoise) {
  for (const char* constraint : {"sum_to_one", "non_negative"}) {
    const Setting setting{"least_squares", constraint, 293};
    const golden::TwoSpheres truth = phantom(setting.counts);
    std::vector<double> values = truth.expected();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += 0.8 * Random(6, "coverage", i).normal();
    Description description = truth.draw(0).describe();
    description.dtype = DType::float64;
    std::map<std::string, Coverage> found;
    add_coverage(truth, Dataset::from_values<double>(description, values), setting, found);
    expect_coverage(found, setting);
  }
}

}  // namespace
}  // namespace ruska
