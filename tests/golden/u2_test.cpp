// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
// The one-step job on two spheres in a matrix: abundances against the truth, and against the floor that Poisson maximum
// likelihood of single positions reaches with the true spectra on the same data.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/record.hpp"
#include "tests/golden/u1_u2.hpp"

namespace ruska {
namespace {

constexpr int seeds = 5;
constexpr std::size_t materials = 3;

struct Spread {
  double mean = 0, deviation = 0, worst = 0;
};
Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) {
    spread.mean += value / n;
    spread.worst = std::max(spread.worst, value);
  }
  for (const double value : values) spread.deviation += (value - spread.mean) * (value - spread.mean) / (n - 1);
  spread.deviation = std::sqrt(spread.deviation);
  return spread;
}

/// Poisson maximum likelihood of every position with the true spectra, by expectation maximisation.
std::vector<double> with_true_spectra(const golden::TwoSpheres& truth, const Dataset& data) {
  const auto counts = data.read_all<std::uint16_t>();
  const auto positions = static_cast<std::size_t>(truth.positions());
  const auto channels = static_cast<std::size_t>(truth.channels);
  std::vector<double> estimate(materials * positions);
  for (std::size_t p = 0; p < positions; ++p) {
    std::vector<std::array<double, materials + 1>> seen;  // spectra and counts of the channels that have any
    for (std::size_t c = 0; c < channels; ++c) {
      const double y = counts[p * channels + c];
      if (y > 0) seen.push_back({truth.spectra[c], truth.spectra[channels + c], truth.spectra[2 * channels + c], y});
    }
    std::array<double, materials> a{1.0 / 3, 1.0 / 3, 1.0 / 3};
    for (int iteration = 0; iteration < 300; ++iteration) {
      std::array<double, materials> next{};
      for (const auto& one : seen) {
        const double mean = a[0] * one[0] + a[1] * one[1] + a[2] * one[2];
        for (std::size_t k = 0; k < materials; ++k) next[k] += a[k] * one[k] * one[materials] / mean;
      }
      const double sum = next[0] + next[1] + next[2];
      for (std::size_t k = 0; k < materials; ++k) a[k] = next[k] / sum;
    }
    for (std::size_t k = 0; k < materials; ++k) estimate[k * positions + p] = a[k];
  }
  return estimate;
}

Outputs find_phases_in(const Dataset& data) {
  Context context;
  return execute(operation("unmix.phases"), {{"data", data}}, Json::object(), context).outputs;
}

class TwoSpheresAt : public testing::TestWithParam<double> {};  // peak fraction

TEST_P(TwoSpheresAt, AbundancesComeCloserThanTwiceTheFloor) {
  const golden::TwoSpheres truth = golden::u2(GetParam(), 293);
  std::vector<double> errors, floors, within_one, within_two;
  for (int seed = 0; seed < seeds; ++seed) {
    const Dataset data = truth.draw(static_cast<std::uint64_t>(seed));
    const Outputs outputs = find_phases_in(data);
    EXPECT_EQ(outputs.number("number_of_phases").value, 3) << "seed " << seed;
    EXPECT_THAT(outputs.text("identifiable"), testing::StartsWith("yes")) << "seed " << seed;
    const std::vector<double> estimate = outputs.dataset("abundances").read_all<double>();
    errors.push_back(golden::mean_abundance_error(truth, estimate));
    floors.push_back(golden::mean_abundance_error(truth, with_true_spectra(truth, data)));
  }
  const Spread error = spread_of(errors), floor = spread_of(floors);
  std::printf("peak %.1f: mean abundance error %.4f ± %.4f (worst %.4f), floor %.4f ± %.4f, ratio %.2f\n", GetParam(),
              error.mean, error.deviation, error.worst, floor.mean, floor.deviation, error.mean / floor.mean);
  EXPECT_LT(error.worst, 2 * floor.mean);
  // The floor of single positions is what the method notes measured, so that the ratio means something.
  EXPECT_NEAR(floor.mean, 0.055, 0.006);
}

TEST_P(TwoSpheresAt, EighteenCountsAreNotIdentifiable) {
  const golden::TwoSpheres truth = golden::u2(GetParam(), 18);
  for (int seed = 0; seed < seeds; ++seed) {
    Context context;
    const Result result = execute(operation("unmix.phases"), {{"data", truth.draw(static_cast<std::uint64_t>(seed))}},
                                  Json::object(), context);
    EXPECT_THAT(result.outputs.text("identifiable"), testing::StartsWith("not identifiable")) << "seed " << seed;
    EXPECT_THAT(context.warnings(), testing::Contains(testing::HasSubstr("not identifiable")));
    EXPECT_THAT(result.outputs.summary.back(), testing::HasSubstr("not identifiable"));
  }
}

INSTANTIATE_TEST_SUITE_P(PeakFraction, TwoSpheresAt, testing::Values(1.0, 0.8));

/// Blind factorisations by their defaults: below twice the floor, with lines and shares that sum to one below 1.3
/// times.
TEST_P(TwoSpheresAt, FactorsComeCloserThanTwiceTheFloor) {
  const golden::TwoSpheres truth = golden::u2(GetParam(), 293);
  const Json free{{"components", 3}, {"starts", 1}};
  Json lines = free;
  lines.update({{"spectra", "lines"}, {"sum_to_one", true}, {"beam_energy", 200.0}});
  for (int seed = 0; seed < 2; ++seed) {
    const Dataset data = truth.draw(static_cast<std::uint64_t>(seed));
    const double floor = golden::mean_abundance_error(truth, with_true_spectra(truth, data));
    for (const auto& [parameters, most] : {std::pair{free, 2.0}, std::pair{lines, 1.3}}) {
      Context context;
      const Outputs outputs = execute(operation("unmix.nmf"), {{"data", data}}, parameters, context).outputs;
      std::vector<double> shares = outputs.dataset("loadings").read_all<double>();
      const std::size_t positions = shares.size() / 3;
      for (std::size_t p = 0; p < positions; ++p) {
        const double sum = shares[p] + shares[positions + p] + shares[2 * positions + p];
        for (std::size_t k = 0; k < 3 && sum > 0; ++k) shares[k * positions + p] /= sum;
      }
      const double error = golden::mean_abundance_error(truth, shares);
      std::printf("peak %.1f: %s, error %.4f, ratio %.2f\n", GetParam(), parameters.dump().c_str(), error,
                  error / floor);
      EXPECT_LT(error, most * floor) << parameters.dump() << " seed " << seed;
    }
  }
}

TEST(OneMaterial, IsOnePhase) {
  golden::TwoSpheres truth = golden::u2(1.0, 293);
  for (std::size_t p = 0; p < static_cast<std::size_t>(truth.positions()); ++p) {
    truth.fractions[p * 3] = 1;
    truth.fractions[p * 3 + 1] = truth.fractions[p * 3 + 2] = 0;
  }
  for (int seed = 0; seed < seeds; ++seed) {
    const Outputs outputs = find_phases_in(truth.draw(static_cast<std::uint64_t>(seed)));
    EXPECT_EQ(outputs.number("number_of_phases").value, 1) << outputs.summary.at(2);
    EXPECT_THAT(outputs.text("identifiable"), testing::StartsWith("yes"));
  }
}

}  // namespace
}  // namespace ruska
