// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/abundances/abundances.hpp"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/unmix/nmf/nmf.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

AbundanceFit fit(const Dataset& data, const std::vector<double>& spectra, std::int64_t components,
                 const AbundancesParams& params = {}, const Masks& masks = {}) {
  Context context;
  context.threads = 2;
  const Rows rows(data, context, masks);
  return fit_abundances(rows, marginals(rows, context), spectra, components, params, context);
}

/// Two spectra without common channels: shares of counts are known exactly.
const std::vector<double> apart{0.25, 0.75, 0, 0, 0, 0, 0, 0, 0.5, 0.5};

TEST(Abundances, OfSpectraApartAreSharesWithBinomialSpread) {
  const Dataset data = small_map<std::uint16_t>(1, 2, 5, {10, 20, 0, 40, 30, 3, 9, 0, 0, 0});
  for (const char* method : {"likelihood", "least_squares"}) {
    AbundancesParams params;
    params.method = method;
    params.weighting = "none";
    const AbundanceFit result = fit(data, apart, 2, params);
    if (params.method == "likelihood") {
      EXPECT_NEAR(result.abundances[0], 0.3, 1e-9);
      EXPECT_NEAR(result.abundances[1], 0.7, 1e-9);
      // Variance a(1 − a)/n; what one has more the other has less.
      EXPECT_NEAR(result.covariance[0], 0.3 * 0.7 / 100, 1e-9);
      EXPECT_NEAR(result.covariance[1], -0.3 * 0.7 / 100, 1e-9);
      EXPECT_NEAR(result.covariance[2], 0.3 * 0.7 / 100, 1e-9);
      EXPECT_NEAR(result.low_68[0], 0.3 - 0.046, 0.003);
      EXPECT_NEAR(result.high_68[0], 0.3 + 0.046, 0.003);
    }
    EXPECT_NEAR(result.abundances[2], 1.0, 1e-7) << method;
    EXPECT_NEAR(result.abundances[3], 0.0, 1e-7) << method;
    EXPECT_EQ(result.low_95[3], 0.0) << method;
    EXPECT_EQ(result.high_95[2], 1.0) << method;
    EXPECT_GT(result.high_95[3], 0.02) << method;
  }
}

TEST(Abundances, OfMixturesWithoutNoiseAreExact) {
  const std::vector<double> spectra{4, 2, 1, 1, 0, 1, 3, 2, 1, 1, 0, 1, 1, 3, 5};
  const double amounts[2][3] = {{10, 0, 5}, {2, 3, 1}};
  std::vector<double> values;
  for (const auto& amount : amounts) {
    for (std::size_t c = 0; c < 5; ++c) {
      values.push_back(amount[0] * spectra[c] + amount[1] * spectra[5 + c] + amount[2] * spectra[10 + c]);
    }
  }
  for (const char* method : {"likelihood", "least_squares"}) {
    AbundancesParams params;
    params.method = method;
    params.constraint = "non_negative";
    const AbundanceFit result = fit(small_map(1, 2, 5, values), spectra, 3, params);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(result.abundances[i], amounts[i / 3][i % 3], 1e-4) << method << i;
    params.constraint = "sum_to_one";
    const AbundanceFit shares = fit(small_map(1, 2, 5, values), spectra, 3, params);
    const double sums[] = {8, 8, 10};
    for (std::size_t p = 0; p < 2; ++p) {
      const double total = amounts[p][0] * sums[0] + amounts[p][1] * sums[1] + amounts[p][2] * sums[2];
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_NEAR(shares.abundances[p * 3 + k], amounts[p][k] * sums[k] / total, 1e-5) << method << p << k;
      }
    }
  }
}

TEST(Abundances, LikelihoodsMaximumIsThatOfTheFactorisation) {
  const auto counts = mixed_counts(6, 7, 24, 3, 60, 3);
  std::vector<double> spectra;
  const std::vector<std::uint16_t> sharp = mixed_counts(3, 1, 24, 3, 1e4, 9);
  for (std::size_t k = 0; k < 3; ++k) {
    const double sum = std::accumulate(sharp.begin() + static_cast<std::ptrdiff_t>(k * 24),
                                       sharp.begin() + static_cast<std::ptrdiff_t>((k + 1) * 24), 0.0);
    for (std::size_t c = 0; c < 24; ++c) spectra.push_back(sharp[k * 24 + c] / sum);
  }
  const Dataset data = small_map(6, 7, 24, counts);
  Context context;
  const Abundances loadings = abundances(Rows(data, context), spectra, 3, context);
  const AbundanceFit result = fit(data, spectra, 3);
  double deviance = 0;
  for (std::size_t p = 0; p < 42; ++p) {
    const double sum = std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(p * 24),
                                       counts.begin() + static_cast<std::ptrdiff_t>((p + 1) * 24), 0.0);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(result.abundances[p * 3 + k], loadings.loadings[p * 3 + k] / sum, 1e-5);
      EXPECT_LE(result.low_95[p * 3 + k], result.low_68[p * 3 + k]);
      EXPECT_LE(result.high_68[p * 3 + k], result.high_95[p * 3 + k]);
      EXPECT_GE(result.low_95[p * 3 + k], 0.0);
      EXPECT_LE(result.high_95[p * 3 + k], 1.0);
    }
    deviance += result.deviance[p];
  }
  EXPECT_NEAR(deviance, 2 * loadings.divergence, 1e-6 * deviance);
}

TEST(Abundances, SparseAndDenseGiveTheSame) {
  const auto counts = mixed_counts(5, 5, 16, 2, 3, 1);
  const std::vector<double> values(counts.begin(), counts.end());
  const std::vector<double> spectra{9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1,
                                    1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const AbundanceFit sparse = fit(small_map(5, 5, 16, counts), spectra, 2);
  const AbundanceFit dense = fit(small_map(5, 5, 16, values), spectra, 2);
  EXPECT_THAT(sparse.abundances, testing::Pointwise(testing::NanSensitiveDoubleNear(1e-12), dense.abundances));
}

TEST(Abundances, EmptyAndMaskedPositions) {
  Masks masks;
  masks.rows = {0, 0, 1};
  masks.columns = {0, 0, 0, 1, 0};
  const AbundanceFit result =
      fit(small_map<std::uint16_t>(1, 3, 5, {0, 0, 0, 50, 0, 10, 30, 0, 99, 40, 1, 1, 1, 1, 1}), apart, 2, {}, masks);
  EXPECT_TRUE(std::isnan(result.abundances[0]));
  EXPECT_EQ(result.low_95[0], 0.0);
  EXPECT_EQ(result.high_68[1], 1.0);
  // The masked channel holds half of the second spectrum, and shares are of what is in use.
  EXPECT_NEAR(result.abundances[2], 0.5, 1e-9);
  for (std::size_t k = 4; k < 6; ++k) {
    EXPECT_TRUE(std::isnan(result.abundances[k]));
    EXPECT_TRUE(std::isnan(result.low_95[k]));
  }
  EXPECT_TRUE(std::isnan(result.misfit[2]));
}

TEST(Abundances, OneSpectrumIsAllOfIt) {
  const AbundanceFit result = fit(small_map<std::uint16_t>(1, 1, 3, {3, 0, 5}), {1, 1, 1}, 1);
  EXPECT_EQ(result.abundances[0], 1.0);
  EXPECT_EQ(result.low_95[0], 1.0);
  EXPECT_NEAR(result.covariance[0], 0.0, 1e-12);
  AbundancesParams params;
  params.constraint = "non_negative";
  const AbundanceFit amount = fit(small_map<std::uint16_t>(1, 1, 3, {3, 0, 6}), {1, 1, 1}, 1, params);
  EXPECT_NEAR(amount.abundances[0], 3.0, 1e-9);
  EXPECT_NEAR(amount.covariance[0], 1.0, 1e-9);  // nine counts, three to a unit
}

TEST(Abundances, MisfitFindsAForeignSpectrum) {
  const AbundanceFit result = fit(small_map<std::uint16_t>(1, 2, 5, {25, 75, 0, 0, 0, 25, 75, 60, 0, 0}), apart, 2);
  EXPECT_LT(std::fabs(result.misfit[0]), 3);
  EXPECT_GT(result.misfit[1], 10);
  EXPECT_NEAR(result.residual[2], 60, 1e-9);
}

TEST(Abundances, RefusesWhatItCannotFit) {
  const Dataset data = small_map<std::uint16_t>(1, 2, 5, {10, 20, 0, 40, 30, 7, 3, 0, 0, 0});
  const auto message = [&](const std::vector<double>& spectra, std::int64_t components,
                           const AbundancesParams& params) {
    try {
      fit(data, spectra, components, params);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message({1, 2, 3, 4, 5, 2, 4, 6, 8, 10}, 2, {}), testing::HasSubstr("not independent"));
  EXPECT_THAT(message({1, 2, 3, 4, 5, 0, 0, 0, 0, 0}, 2, {}), testing::HasSubstr("spectrum 2"));
  EXPECT_THAT(message({1, 2, 3, 4, -5}, 1, {}), testing::HasSubstr("negative in channel 4"));
  EXPECT_THAT(message({1, 2, 3, 4, std::nan("")}, 1, {}), testing::HasSubstr("not finite"));
}

TEST(Abundances, RefusesSpectraOfAnotherAxis) {
  const Dataset data = small_map<std::uint16_t>(1, 2, 5, {10, 20, 0, 40, 30, 7, 3, 0, 0, 0});
  const auto run = [&](std::int64_t channels, double scale) {
    Description description;
    description.axes = {Axis{.name = "component", .role = Role::navigation, .size = 1},
                        Axis{.name = "Energy", .units = "keV", .role = Role::signal, .size = channels, .scale = scale}};
    Context context;
    execute(operation("unmix.abundances"),
            {{"data", data},
             {"spectra",
              Dataset::from_values<double>(description, std::vector<double>(static_cast<std::size_t>(channels), 1.0))}},
            Json::object(), context);
  };
  EXPECT_NO_THROW(run(5, 1.0));
  EXPECT_THROW(run(4, 1.0), Error);
  EXPECT_THROW(run(5, 1.5), Error);
}

/// Integers of a camera that tells `gain` counts for each electron: 20 × 20 mixtures of two spectra of 64 channels.
Dataset camera_map(std::uint16_t gain) {
  std::vector<std::uint16_t> values;
  for (std::int64_t p = 0; p < 400; ++p) {
    Random random(5, "camera", static_cast<std::uint64_t>(p));
    const double share = static_cast<double>(p % 20) / 19.0;
    for (std::int64_t c = 0; c < 64; ++c) {
      const double x = static_cast<double>(c) / 64.0;
      const double mean = 20.0 * (share * (0.2 + x) + (1.0 - share) * (1.2 - x));
      values.push_back(static_cast<std::uint16_t>(gain * random.poisson(mean)));
    }
  }
  return small_map<std::uint16_t>(20, 20, 64, values);
}

TEST(Abundances, IntegersThatACameraScaledAreNoCounts) {
  Description line = camera_map(1).describe();
  line.axes = {{.name = "component", .role = Role::navigation, .size = 2}, line.axes.back()};
  std::vector<double> spectra;
  for (const bool first : {true, false}) {
    for (std::int64_t c = 0; c < 64; ++c) {
      const double x = static_cast<double>(c) / 64.0;
      spectra.push_back(first ? 0.2 + x : 1.2 - x);
    }
  }
  const Dataset given = Dataset::from_values<double>(line, spectra);
  const auto fitted = [&](std::uint16_t gain, const Json& params) {
    Context context;
    Result result =
        execute(operation("unmix.abundances"), Inputs{{"data", camera_map(gain)}, {"spectra", given}}, params, context);
    return std::pair(std::move(result), context.warnings());
  };
  const auto [counts, no_warning] = fitted(1, Json::object());
  const auto [found, warning] = fitted(5, Json::object());
  const auto [told, no_other] = fitted(5, {{"gain", 5.0}});
  EXPECT_THAT(no_warning, testing::IsEmpty());
  EXPECT_THAT(no_other, testing::IsEmpty());
  ASSERT_EQ(warning.size(), 1u);
  EXPECT_THAT(warning[0], testing::HasSubstr("times that of counts"));
  const auto of = [](const Result& result, const char* name) {
    return result.outputs.dataset(name).read_all_as_double();
  };
  const auto sigma = of(counts, "abundances_sigma");
  const auto values = of(counts, "abundances");
  for (std::size_t i = 0; i < sigma.size(); ++i) {
    EXPECT_NEAR(of(told, "abundances_sigma")[i], sigma[i], 1e-6 * sigma[i]);
    EXPECT_NEAR(of(told, "abundances")[i], values[i], 1e-6);
    EXPECT_NEAR(of(found, "abundances_sigma")[i], sigma[i], 0.1 * sigma[i]);
    if (i > 20) break;
  }
  // Amounts stay those of the data as they are.
  const auto [amounts, no_more] = fitted(5, {{"constraint", "non_negative"}, {"gain", 5.0}});
  const auto [electrons, none] = fitted(1, {{"constraint", "non_negative"}});
  EXPECT_NEAR(of(amounts, "abundances")[7], 5.0 * of(electrons, "abundances")[7], 1e-5);
  EXPECT_NEAR(of(amounts, "abundances_sigma")[7], 5.0 * of(electrons, "abundances_sigma")[7], 1e-5);
}

}  // namespace
}  // namespace ruska::ops::unmix
