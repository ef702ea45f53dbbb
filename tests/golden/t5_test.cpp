// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Test T5: symmetry of patterns with an exact point group at few counts, and of a crystal's patterns before and after
// tensor denoising.
#include <cmath>
#include <cstdio>
#include <numbers>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/operation.hpp"
#include "tests/golden/lattice_scan.hpp"

namespace ruska {
namespace {

constexpr std::int64_t side = 32;
constexpr std::int32_t group_of[] = {0, 1, 3, 7};
constexpr const char* name_of_group[] = {"1", "m", "2mm", "4mm"};

/// A soft disc of radius 1.8 px at polar coordinates about the centre.
struct Disc {
  double radius, angle, weight;
};

/// Discs of which the best mirror about any centre within 1 px leaves a correlation below 0.3; discs on eight rays with
/// the mirrors of m, 2mm and 4mm, the first at 0.3 rad.
std::vector<Disc> discs_of(std::size_t which) {
  if (which == 0) {
    return {{5.1, 1.8, 1}, {10.2, 0.5, 0.4}, {6.7, 1.3, 0.4}, {5, 2.5, 0.5}, {9.1, 5.8, 0.8}, {10.2, 2.5, 0.8}};
  }
  constexpr double weights[3][8] = {{0.9, 0.3, 0.05, 0.5, 0, 0.5, 0.05, 0.3},
                                    {0.9, 0.3, 0.1, 0.3, 0.9, 0.3, 0.1, 0.3},
                                    {0.8, 0.2, 0.8, 0.2, 0.8, 0.2, 0.8, 0.2}};
  std::vector<Disc> discs{{0, 0, 1}};
  for (int k = 0; k < 8; ++k) {
    discs.push_back({k % 2 == 0 ? 8.0 : 10.0, 0.3 + k * std::numbers::pi / 4, weights[which - 1][k]});
  }
  return discs;
}

/// Unit-sum pattern about (y, x).
std::vector<double> pattern_of(std::size_t which, double y, double x) {
  std::vector<double> pattern(side * side);
  double sum = 0;
  for (std::int64_t p = 0; p < side * side; ++p) {
    double& value = pattern[static_cast<std::size_t>(p)];
    for (const Disc& disc : discs_of(which)) {
      const double distance = std::hypot(static_cast<double>(p / side) - y - disc.radius * std::sin(disc.angle),
                                         static_cast<double>(p % side) - x - disc.radius * std::cos(disc.angle));
      value += disc.weight / (1 + std::exp((distance - 1.8) / 0.35));
    }
    sum += value;
  }
  for (double& value : pattern) value /= sum;
  return pattern;
}

Dataset scan_of(const std::vector<double>& values) {
  Description description;
  description.axes = {
      {.name = "position", .role = Role::navigation, .size = static_cast<std::int64_t>(values.size()) / (side * side)},
      {.name = "ky", .role = Role::signal, .size = side},
      {.name = "kx", .role = Role::signal, .size = side}};
  return Dataset::from_values<double>(description, values);
}

Dataset draws(const std::vector<double>& pattern, double counts, std::uint64_t number) {
  std::vector<double> values;
  for (std::uint64_t draw = 0; draw < number; ++draw) {
    for (std::size_t p = 0; p < pattern.size(); ++p) {
      Random random(5, "T5", draw * pattern.size() + p);
      values.push_back(static_cast<double>(random.poisson(counts * pattern[p])));
    }
  }
  return scan_of(values);
}

Outputs symmetry(const Dataset& data, const Json& given) {
  Context context;
  const Operation& op = operation("diffraction.symmetry");
  return op.run({{"data", data}}, complete(op.parameters, given), context);
}

double share(const Outputs& outputs, std::int32_t group) {
  const auto labels = outputs.dataset("group").read_all<std::int32_t>();
  return static_cast<double>(std::count(labels.begin(), labels.end(), group)) / static_cast<double>(labels.size());
}

class T5 : public testing::TestWithParam<std::size_t> {};

TEST_P(T5, ScoresHaveNoBiasAndAnHonestStandardDeviation) {
  constexpr double y = 15.7, x = 15.4;
  constexpr std::size_t number = 200;
  const std::vector<double> pattern = pattern_of(GetParam(), y, x);
  Json given{{"center_y", y}, {"center_x", x}, {"search", 0}, {"mean", "rings"}, {"noise", "none"}};
  const auto noiseless = symmetry(scan_of(pattern), given).dataset("scores").read_all_as_double();
  for (const double counts : {200.0, 500.0, 2000.0}) {
    const Dataset data = draws(pattern, counts, number);
    given["noise"] = "none";
    const auto biased = symmetry(data, given).dataset("scores").read_all_as_double();
    given["noise"] = "counts";
    const Outputs outputs = symmetry(data, given);
    const auto scores = outputs.dataset("scores").read_all_as_double();
    const auto sigmas = outputs.dataset("scores_sigma").read_all_as_double();
    std::printf("%s, %.0f counts:", name_of_group[GetParam()], counts);
    for (std::size_t o = 0; o < 5; ++o) {
      double mean = 0, mean_biased = 0, variance = 0, predicted = 0, seen = 0;
      for (std::size_t i = o * number; i < (o + 1) * number; ++i) {
        if (std::isnan(scores[i])) continue;
        seen += 1;
        mean += scores[i];
        mean_biased += biased[i];
        variance += std::pow(scores[i] - noiseless[o], 2);
        predicted += sigmas[i] * sigmas[i];
      }
      ASSERT_GT(seen, 0.9 * number);
      mean /= seen;
      mean_biased /= seen;
      std::printf("  %.3f (noise left in %.3f, noiseless %.3f, rms/σ %.2f)", mean, mean_biased, noiseless[o],
                  std::sqrt(variance / predicted));
      if (o == 4) continue;  // the largest of many
      EXPECT_NEAR(mean, noiseless[o], 0.03);
      EXPECT_NEAR(std::sqrt(variance / predicted), 1, 0.25);
      if (counts == 200 && noiseless[o] > 0.9) {
        EXPECT_LT(mean_biased, 0.75);
      }
    }
    std::printf("\n");
  }
}

TEST_P(T5, GroupIsFoundFromACentreHalfAPixelOff) {
  constexpr double y = 15.7, x = 15.4;
  const std::vector<double> pattern = pattern_of(GetParam(), y, x);
  for (const double counts : {20.0, 500.0, 2000.0}) {
    for (const double off : {0.0, 0.5}) {
      const Json given{{"center_y", y + 0.8 * off}, {"center_x", x - 0.6 * off}, {"radius", 12.5}, {"noise", "counts"}};
      const double found = share(symmetry(draws(pattern, counts, 150), given), group_of[GetParam()]);
      std::printf("%s, %.0f counts, centre %.1f px off: %.1f %%\n", name_of_group[GetParam()], counts, off,
                  100 * found);
      if (counts >= 500) {
        EXPECT_GE(found, 0.99);
      }
      if (counts < 100) {
        EXPECT_LT(found, 0.5) << "this much cannot be known from so few counts";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, T5, testing::Values(0, 1, 2, 3),
                         [](const auto& one) { return std::string("group_") + name_of_group[one.param]; });

// The patterns of four-fold sites of a square lattice: too few counts to tell, until the scan is denoised as a whole.
// Of the two kinds of sites the brighter one, at the columns, is asked for.
TEST(T5Lattice, DenoisedPatternsShowTheFourfoldSitesThatNoisyOnesHide) {
  const golden::LatticeScan scan(false);
  const Dataset noisy = scan.draw(0.1, 1);  // 58 counts per pattern
  Context context;
  const Operation& tensor_svd = operation("denoise.tensor_svd");
  const Dataset denoised =
      tensor_svd.run({{"data", noisy}}, complete(tensor_svd.parameters, Json::object()), context).dataset("denoised");
  const Json counts{{"center_y", 11.5}, {"center_x", 11.5}, {"search", 0}, {"mean", "rings"}};
  Json no_noise = counts;
  no_noise["noise"] = "none";
  struct Found {
    double columns = 0, between = 0, elsewhere = 0;  // share of positions that are called 4mm
    double correlation = 0;                          // mean of the 90° score at the columns; NaN where there is none
  };
  const auto found_in = [](const Outputs& outputs) {
    constexpr std::size_t side_of_scan = 96;
    const auto labels = outputs.dataset("group").read_all<std::int32_t>();
    const auto scores = outputs.dataset("scores").read_all_as_double();
    Found found;
    double columns = 0, between = 0;
    for (std::size_t p = 0; p < labels.size(); ++p) {
      const std::size_t y = p / side_of_scan % 12, x = p % side_of_scan % 12;
      const bool column = y == 0 && x == 0, middle = y == 6 && x == 6, right = labels[p] == 7;
      columns += column ? 1 : 0;
      between += middle ? 1 : 0;
      (column ? found.columns : middle ? found.between : found.elsewhere) += right ? 1 : 0;
      if (column) found.correlation += scores[2 * labels.size() + p];
    }
    found.elsewhere /= static_cast<double>(labels.size()) - columns - between;
    found.columns /= columns;
    found.between /= between;
    found.correlation /= columns;
    return found;
  };
  const Found truth = found_in(symmetry(Dataset::from_values<double>(noisy.describe(), scan.intensity), no_noise));
  const Found before = found_in(symmetry(noisy, counts)), plain = found_in(symmetry(noisy, no_noise)),
              after = found_in(symmetry(denoised, no_noise));
  for (const auto& [name, one] : {std::pair("noiseless", truth), std::pair("noisy", before),
                                  std::pair("noisy, noise left in", plain), std::pair("denoised", after)}) {
    std::printf("%s: 4mm at columns %.3f, between them %.3f, elsewhere %.3f; 90° correlation at columns %.3f\n", name,
                one.columns, one.between, one.elsewhere, one.correlation);
  }
  EXPECT_EQ(truth.columns, 1);
  EXPECT_EQ(truth.between, 1);
  EXPECT_LT(before.columns, 0.05);
  EXPECT_LT(plain.columns, 0.05);
  EXPECT_LT(plain.correlation, 0.5);
  EXPECT_GT(after.columns, 0.85);  // 64 sites; which of them fall short depends on the draw
  EXPECT_GT(after.correlation, 0.9);
  EXPECT_LT(after.elsewhere, 0.02);
}

}  // namespace
}  // namespace ruska
