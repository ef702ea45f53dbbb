// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/nmf/nmf.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ruska/core/operation.hpp"
#include "ruska/ops/unmix/nmf/poisson_row_solver.hpp"
#include "ruska/ops/unmix/pure_pixels.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

NmfResult factorise(const Dataset& data, const NmfParams& params, int threads = 2, const Masks& masks = {}) {
  Context context;
  context.threads = threads;
  return nmf(Rows(data, context, masks), params, context);
}

/// Two materials without common channels, exact: every position's loadings are known.
std::vector<double> separable(std::int64_t positions) {
  std::vector<double> values;
  for (std::int64_t p = 0; p < positions; ++p) {
    const double first = 10.0 * static_cast<double>(p), second = 10.0 * static_cast<double>(positions - 1 - p);
    values.insert(values.end(), {first * 0.25, first * 0.75, 0, second * 0.5, second * 0.5});
  }
  return values;
}

TEST(Nmf, FindsSeparableMaterialsExactly) {
  for (const char* loss : {"poisson", "frobenius"}) {
    NmfParams params;
    params.components = 2;
    params.loss = loss;
    params.starts = 1;
    params.tolerance = 1e-12;
    params.max_iterations = 2000;
    const NmfResult result = factorise(small_map(1, 21, 5, separable(21)), params);
    // Totals are equal; the order may be either.
    const bool swapped = result.factors[0] < 0.1;
    const std::vector<double> spectra{0.25, 0.75, 0, 0, 0, 0, 0, 0, 0.5, 0.5};
    for (std::size_t i = 0; i < spectra.size(); ++i) {
      EXPECT_NEAR(result.factors[swapped ? (i + 5) % 10 : i], spectra[i], 2e-3) << loss << i;
    }
    for (std::size_t p = 0; p < 21; ++p) {
      EXPECT_NEAR(result.loadings[p * 2 + (swapped ? 1 : 0)], 10.0 * static_cast<double>(p), 1.0) << loss;
    }
  }
}

RC_GTEST_PROP(Nmf, ObjectiveNeverRises, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 100000);
  const auto counts = *rc::gen::elementOf(std::vector<double>{3, 30, 300});
  NmfParams params;
  params.components = *rc::gen::inRange<std::int64_t>(1, 8);
  params.loss = *rc::gen::elementOf(std::vector<std::string>{"poisson", "frobenius"});
  params.initialization = *rc::gen::elementOf(std::vector<std::string>{"pure_pixel", "random"});
  params.starts = 1;
  params.sparsity = *rc::gen::elementOf(std::vector<std::optional<double>>{{}, 0.0});
  params.seed = static_cast<std::int64_t>(seed);
  params.tolerance = 0;
  params.max_iterations = 40;
  const NmfResult result = factorise(small_map(9, 9, 24, mixed_counts(9, 9, 24, 3, counts, seed)), params);
  for (std::size_t i = 1; i < result.objective.size(); ++i) RC_ASSERT(result.objective[i] <= result.objective[i - 1]);
  for (const double value : result.loadings) RC_ASSERT(value >= 0 && std::isfinite(value));
  for (const double value : result.factors) RC_ASSERT(value >= 0 && std::isfinite(value));
}

RC_GTEST_PROP(Nmf, ObjectiveNeverRisesForFractions, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 100000);
  const auto counts = mixed_counts(6, 6, 16, 2, 20, seed);
  std::vector<double> values(counts.begin(), counts.end());
  for (double& value : values) value *= 0.013;
  NmfParams params;
  params.components = 3;
  params.starts = 1;
  params.tolerance = 0;
  params.max_iterations = 30;
  const NmfResult result = factorise(small_map(6, 6, 16, values), params);
  for (std::size_t i = 1; i < result.objective.size(); ++i) RC_ASSERT(result.objective[i] <= result.objective[i - 1]);
}

TEST(Nmf, ObjectiveIsWhatItSays) {
  const auto values = mixed_counts(7, 8, 20, 2, 60, 2);
  struct Case {
    std::string loss;
    std::optional<double> sparsity;
  };
  for (const Case& one : {Case{"poisson", 0.0}, Case{"poisson", {}}, Case{"frobenius", 0.0}}) {
    NmfParams params;
    params.components = 2;
    params.loss = one.loss;
    params.weighting = "none";
    params.starts = 1;
    params.sparsity = one.sparsity;
    const NmfResult result = factorise(small_map(7, 8, 20, values), params);
    EXPECT_EQ(result.sparsity, one.sparsity.value_or(0.5));
    double objective = 0;
    for (std::size_t p = 0; p < 56; ++p) {
      double counts = 0;
      for (std::size_t c = 0; c < 20; ++c) {
        const double x = values[p * 20 + c];
        const double mean =
            result.loadings[p * 2] * result.factors[c] + result.loadings[p * 2 + 1] * result.factors[20 + c];
        objective +=
            params.loss == "poisson" ? (x > 0 ? x * std::log(x / mean) : 0) - x + mean : (x - mean) * (x - mean) / 2;
        counts += x;
      }
      for (std::size_t k = 0; k < 2; ++k) {
        objective += result.sparsity * std::log(1 + result.loadings[p * 2 + k] / counts / 0.02);
      }
    }
    EXPECT_NEAR(result.objective.back(), objective, 1e-8 * objective) << one.loss;
  }
}

TEST(Nmf, AutomaticSparsityIsForCountsAndSpectraToBeChosen) {
  const auto counts = mixed_counts(6, 7, 20, 2, 60, 2);
  NmfParams params;
  params.components = 2;
  params.starts = 1;
  const Dataset data = small_map(6, 7, 20, counts);
  EXPECT_EQ(factorise(data, params).sparsity, 0.5);
  std::vector<double> fractions(counts.begin(), counts.end());
  for (double& value : fractions) value *= 0.37;
  EXPECT_EQ(factorise(small_map(6, 7, 20, fractions), params).sparsity, 0);
  std::vector<double> known;
  for (int i = 0; i < 40; ++i) known.push_back(i < 20 ? 1.0 + i : 40.0 - i);
  Context context;
  const Rows rows(data, context);
  EXPECT_EQ(nmf(rows, params, context, known).sparsity, 0);
  EXPECT_EQ(nmf(rows, params, context, std::span(known).first(20)).sparsity, 0.5);
  params.automatic_relevance = true;
  EXPECT_EQ(factorise(data, params).sparsity, 0);
  params.automatic_relevance = false;
  params.loss = "frobenius";
  EXPECT_EQ(factorise(data, params).sparsity, 0);
  params.sum_to_one = true;
  EXPECT_EQ(factorise(data, params).sparsity, 0.5);
  params.components = 1;
  EXPECT_EQ(factorise(data, params).sparsity, 0);
}

TEST(Nmf, GivesTheSameBitsForAnyNumberOfThreads) {
  const Dataset data = small_map(40, 50, 40, mixed_counts(40, 50, 40, 3, 40, 3));
  for (const char* loss : {"poisson", "frobenius"}) {
    NmfParams params;
    params.components = 3;
    params.loss = loss;
    params.max_iterations = 10;
    const NmfResult one = factorise(data, params, 1);
    for (const int threads : {2, 7}) {
      const NmfResult many = factorise(data, params, threads);
      EXPECT_EQ(one.factors, many.factors);
      EXPECT_EQ(one.loadings, many.loadings);
      EXPECT_EQ(one.loadings_sigma, many.loadings_sigma);
      EXPECT_EQ(one.objective, many.objective);
      EXPECT_EQ(one.stability, many.stability);
    }
  }
}

TEST(Nmf, LeavesOutWhatIsMaskedAndTakesEmptyRows) {
  auto values = mixed_counts(8, 9, 20, 2, 50, 4);
  for (std::size_t c = 0; c < 20; ++c) values[7 * 20 + c] = 0;
  Masks masks{std::vector<std::uint8_t>(72, 0), std::vector<std::uint8_t>(20, 0)};
  masks.rows[5] = masks.columns[3] = 1;
  for (const char* loss : {"poisson", "frobenius"}) {
    NmfParams params;
    params.components = 2;
    params.loss = loss;
    const NmfResult result = factorise(small_map(8, 9, 20, values), params, 2, masks);
    for (std::size_t i = 0; i < result.loadings.size(); ++i) {
      EXPECT_EQ(std::isnan(result.loadings[i]), i / 2 == 5) << loss << i;
      EXPECT_EQ(std::isnan(result.loadings_sigma[i]), i / 2 == 5) << loss << i;
      EXPECT_FALSE(std::isinf(result.loadings_sigma[i]));
    }
    EXPECT_EQ(result.loadings[14], 0);
    EXPECT_EQ(result.factors[3], 0);
    EXPECT_NEAR(std::accumulate(result.factors.begin(), result.factors.begin() + 20, 0.0), 1, 1e-12);
    values[5 * 20] = values[3] = 999;
    EXPECT_EQ(factorise(small_map(8, 9, 20, values), params, 2, masks).factors, result.factors);
  }
}

TEST(Nmf, TakesTheSmallestAndTheDullest) {
  for (const char* loss : {"poisson", "frobenius"}) {
    NmfParams params;
    params.loss = loss;
    const NmfResult one = factorise(small_map<std::uint16_t>(1, 1, 1, {5}), params);
    EXPECT_NEAR(one.loadings[0], 5, 1e-9);
    EXPECT_NEAR(one.factors[0], 1, 1e-12);
    const NmfResult nothing = factorise(small_map(3, 4, 5, std::vector<std::uint16_t>(60, 0)), params);
    for (const double value : nothing.loadings) EXPECT_EQ(value, 0);
    params.components = 2;
    const NmfResult constant = factorise(small_map(3, 4, 5, std::vector<std::uint16_t>(60, 7)), params);
    for (std::size_t p = 0; p < 12; ++p) EXPECT_NEAR(constant.loadings[p * 2] + constant.loadings[p * 2 + 1], 35, 1e-6);
  }
}

TEST(Nmf, RefusesNegativeAndMissingValues) {
  std::vector<float> values(24, 1.5f);
  Context context;
  const auto kind_of = [&](const std::string& words) {
    try {
      factorise(small_map(2, 3, 4, values), {});
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
      return error.kind();
    }
    return ErrorKind::internal;
  };
  values[4 * 3 + 2] = -1;
  EXPECT_EQ(kind_of("(y 1, x 0, Energy 2) is negative"), ErrorKind::invalid_argument);
  values[4 * 3 + 2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(kind_of("(y 1, x 0, Energy 2) is not finite"), ErrorKind::bad_data);
}

TEST(Nmf, SaysWhenItDidNotConverge) {
  Context context;
  NmfParams params;
  params.components = 3;
  params.starts = 1;
  params.tolerance = 0;
  params.max_iterations = 2;
  const Rows rows(small_map(9, 9, 24, mixed_counts(9, 9, 24, 3, 50, 1)), context);
  EXPECT_FALSE(nmf(rows, params, context).converged);
  ASSERT_EQ(context.warnings().size(), 1u);
  EXPECT_NE(context.warnings()[0].find("max_iterations = 2"), std::string::npos);
  context.strict = true;
  EXPECT_THROW(nmf(rows, params, context), Error);
}

TEST(Nmf, StabilityTellsChanceFromStructure) {
  NmfParams params;
  params.components = 3;
  params.starts = 4;
  const NmfResult real = factorise(small_map(30, 30, 40, mixed_counts(30, 30, 40, 3, 400, 6)), params);
  ASSERT_EQ(real.stability.size(), 3u);
  for (const double angle : real.stability) EXPECT_LT(angle, 3);
  params.initialization = "random";
  const NmfResult chance = factorise(small_map(30, 30, 40, mixed_counts(30, 30, 40, 1, 20, 6)), params);
  EXPECT_GT(*std::max_element(chance.stability.begin(), chance.stability.end()), 3);
}

/// Starts of so many positions are fitted to a sample of them, and what is kept to all.
TEST(Nmf, ASampleOfManyPositionsEndsNoHigherThanAllOfThem) {
  constexpr std::int64_t edge = 380, channels = 20;
  const Dataset data = small_map(edge, edge, channels, mixed_counts(edge, edge, channels, 2, 25, 5));
  NmfParams params;
  params.components = 2;
  params.starts = 2;
  const NmfResult sampled = factorise(data, params, 1);
  const NmfResult again = factorise(data, params, 3);
  EXPECT_EQ(sampled.factors, again.factors);
  EXPECT_EQ(sampled.loadings, again.loadings);
  EXPECT_TRUE(sampled.converged);
  for (const double angle : sampled.stability) EXPECT_LT(angle, 1.0);
  params.smoothness = 1e-12;  // couples positions, which must all be there then, and changes nothing else
  const NmfResult whole = factorise(data, params);
  EXPECT_LT(sampled.objective.back(), (1 + 2e-5) * whole.objective.back());
  EXPECT_LT(sampled.objective.size(), whole.objective.size());
  const std::vector<double> values = data.read_all_as_double();
  for (std::size_t p = 0; p < static_cast<std::size_t>(edge * edge); ++p) {
    const auto row = values.begin() + static_cast<std::ptrdiff_t>(p * channels);
    const double sum = std::accumulate(row, row + channels, 0.0);
    EXPECT_NEAR(sampled.loadings[2 * p] + sampled.loadings[2 * p + 1], sum, 1e-9 * (1 + sum)) << p;
  }
}

TEST(Abundances, MeetTheConditionsOfTheMaximum) {
  constexpr std::size_t channels = 30, components = 3;
  const auto values = mixed_counts(10, 10, channels, components, 80, 8);
  const Dataset data = small_map(10, 10, channels, values);
  PcaParams pca_params;
  pca_params.components = components;
  Context context;
  const Rows rows(data, context);
  const auto spectra = pure_pixels(pca(rows, pca_params, context), {10, 10}, {.components = components}).spectra;
  const Abundances result = abundances(rows, spectra, components, context);
  for (std::size_t p = 0; p < 100; ++p) {
    for (std::size_t k = 0; k < components; ++k) {
      double slope = 1;
      for (std::size_t c = 0; c < channels; ++c) {
        double mean = 0;
        for (std::size_t l = 0; l < components; ++l)
          mean += result.loadings[p * components + l] * spectra[l * channels + c];
        if (values[p * channels + c] > 0) slope -= values[p * channels + c] * spectra[k * channels + c] / mean;
      }
      if (result.loadings[p * components + k] > 0) {
        EXPECT_NEAR(slope, 0, 1e-4) << p;
      } else {
        EXPECT_GE(slope, -1e-4) << p;
      }
    }
  }
}

TEST(Abundances, SigmaIsWhatRepetitionShows) {
  // One spectrum: the loading is the sum of the counts, its standard deviation the root of that.
  const std::vector<double> spectrum(10, 0.1);
  Context context;
  const Dataset data = small_map(20, 20, 10, mixed_counts(20, 20, 10, 1, 100, 9));
  const Abundances result = abundances(Rows(data, context), spectrum, 1, context);
  for (std::size_t p = 0; p < 400; ++p) EXPECT_NEAR(result.loadings_sigma[p], std::sqrt(result.loadings[p]), 1e-6);
}

TEST(PurePixels, FindsThePurestRows) {
  // Rows 0 to 2 of ten positions each dominate one material; along x the purity falls.
  const Dataset data = small_map(3, 40, 60, mixed_counts(3, 40, 60, 3, 20000, 11));
  Context context;
  PcaParams params;
  params.components = 3;
  const PurePixels found =
      pure_pixels(pca(Rows(data, context), params, context), {3, 40}, {.components = 3, .window = 1});
  std::vector<std::int64_t> lines;
  for (const std::int64_t position : found.positions) {
    lines.push_back(position / 40);
    EXPECT_LT(position % 40, 4);
  }
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_THROW(pure_pixels(pca(Rows(data, context), params, context), {3, 40}, {.components = 4}), Error);
}

TEST(NmfOperation, GivesEveryOutput) {
  Context context;
  const Operation& nmf_of_registry = operation("unmix.nmf");
  const Json parameters = complete(nmf_of_registry.parameters, {{"components", 2}, {"bootstrap", 2}});
  const Outputs outputs =
      nmf_of_registry.run({{"data", small_map(8, 9, 20, mixed_counts(8, 9, 20, 2, 50, 10))}}, parameters, context);
  for (const OutputPort& port : nmf_of_registry.facts.outputs) EXPECT_NE(outputs.find(port.name), nullptr) << port.name;
  EXPECT_TRUE(outputs.dataset("reconstruction").describe().lazy);
}

}  // namespace
}  // namespace ruska::ops::unmix
