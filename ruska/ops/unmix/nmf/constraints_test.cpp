// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
// Penalties on the maps, known spectra and spectra of lines: what they promise, and that the objective never rises.
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ruska/core/metadata.hpp"
#include "ruska/ops/unmix/nmf/line_columns.hpp"
#include "ruska/ops/unmix/nmf/map_penalty.hpp"
#include "ruska/ops/unmix/nmf/nmf.hpp"
#include "ruska/ops/unmix/small_maps.hpp"
#include "tests/example_data.hpp"

namespace ruska::ops::unmix {
namespace {

NmfResult factorise(const Dataset& data, const NmfParams& params, const std::vector<double>& known = {},
                    int threads = 2) {
  Context context;
  context.threads = threads;
  return nmf(Rows(data, context), params, context, known);
}

RC_GTEST_PROP(ConstrainedNmf, ObjectiveNeverRises, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 100000);
  const auto counts = *rc::gen::elementOf(std::vector<double>{5, 50, 300});
  NmfParams params;
  params.components = *rc::gen::inRange<std::int64_t>(2, 6);
  params.loss = *rc::gen::elementOf(std::vector<std::string>{"poisson", "frobenius"});
  params.initialization = *rc::gen::elementOf(std::vector<std::string>{"pure_pixel", "random"});
  params.sum_to_one = *rc::gen::arbitrary<bool>();
  params.smoothness = *rc::gen::elementOf(std::vector<double>{0, 0.5, 20});
  params.smoothing = *rc::gen::elementOf(std::vector<std::string>{"total_variation", "laplacian"});
  params.sparsity = *rc::gen::elementOf(std::vector<double>{0, 1, 5});
  params.automatic_relevance = *rc::gen::arbitrary<bool>();
  params.starts = 1;
  params.seed = static_cast<std::int64_t>(seed);
  params.tolerance = 0;
  params.max_iterations = 25;
  std::vector<double> known;
  if (*rc::gen::arbitrary<bool>()) {
    for (int c = 0; c < 24; ++c) known.push_back(0.02 + std::exp(-(c - 4.0) * (c - 4.0) / 8));
  }
  const NmfResult result = factorise(small_map(9, 9, 24, mixed_counts(9, 9, 24, 3, counts, seed)), params, known);
  for (std::size_t i = 1; i < result.objective.size(); ++i) RC_ASSERT(result.objective[i] <= result.objective[i - 1]);
  for (const double value : result.loadings) RC_ASSERT(value >= 0 && std::isfinite(value));
  for (const double value : result.factors) RC_ASSERT(value >= 0 && std::isfinite(value));
}

TEST(ConstrainedNmf, IsTheSameForEveryNumberOfThreads) {
  NmfParams params;
  params.components = 3;
  params.sparsity = 1;
  params.smoothness = 3;
  params.starts = 1;
  const Dataset data = small_map(9, 9, 24, mixed_counts(9, 9, 24, 3, 60, 2));
  const NmfResult one = factorise(data, params, {}, 1), seven = factorise(data, params, {}, 7);
  EXPECT_EQ(one.loadings, seven.loadings);
  EXPECT_EQ(one.factors, seven.factors);
}

TEST(ConstrainedNmf, SharesSumToOne) {
  for (const char* loss : {"poisson", "frobenius"}) {
    NmfParams params;
    params.components = 3;
    params.loss = loss;
    params.sum_to_one = true;
    params.starts = 1;
    const auto counts = mixed_counts(6, 6, 24, 3, 80, 4);
    const NmfResult result = factorise(small_map(6, 6, 24, counts), params);
    for (std::size_t p = 0; p < 36; ++p) {
      const double sum = std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(p * 24),
                                         counts.begin() + static_cast<std::ptrdiff_t>((p + 1) * 24), 0.0);
      EXPECT_NEAR(result.loadings[p * 3] + result.loadings[p * 3 + 1] + result.loadings[p * 3 + 2], sum, 1e-8 * sum)
          << loss;
    }
  }
}

TEST(ConstrainedNmf, KnownSpectraStayAsTheyAre) {
  std::vector<double> known;
  for (int c = 0; c < 24; ++c) known.push_back(3 * (0.02 + std::exp(-(c - 4.0) * (c - 4.0) / 8)));
  const double sum = std::accumulate(known.begin(), known.end(), 0.0);
  for (const char* loss : {"poisson", "frobenius"}) {
    NmfParams params;
    params.components = 3;
    params.loss = loss;
    params.starts = 1;
    const NmfResult result = factorise(small_map(9, 9, 24, mixed_counts(9, 9, 24, 3, 200, 1)), params, known);
    ASSERT_EQ(std::accumulate(result.known.begin(), result.known.end(), 0), 1);
    const auto k =
        static_cast<std::size_t>(std::find(result.known.begin(), result.known.end(), 1) - result.known.begin());
    for (std::size_t c = 0; c < 24; ++c) EXPECT_NEAR(result.factors[k * 24 + c], known[c] / sum, 1e-12) << loss;
  }
}

TEST(ConstrainedNmf, AllSpectraKnownIsAFitOfThem) {
  const auto counts = mixed_counts(6, 7, 24, 3, 60, 3);
  std::vector<double> known;
  const std::vector<std::uint16_t> sharp = mixed_counts(3, 1, 24, 3, 1e4, 9);
  for (std::size_t k = 0; k < 3; ++k) {
    const double sum = std::accumulate(sharp.begin() + static_cast<std::ptrdiff_t>(k * 24),
                                       sharp.begin() + static_cast<std::ptrdiff_t>((k + 1) * 24), 0.0);
    for (std::size_t c = 0; c < 24; ++c) known.push_back(sharp[k * 24 + c] / sum);
  }
  NmfParams params;
  params.components = 3;
  params.starts = 1;
  const Dataset data = small_map(6, 7, 24, counts);
  const NmfResult result = factorise(data, params, known);
  Context context;
  const Abundances exact = abundances(Rows(data, context), known, 3, context);
  for (std::size_t k = 0; k < 3; ++k) {
    std::size_t given = 0;  // which of the known ones it is
    for (std::size_t l = 1; l < 3; ++l) {
      if (std::fabs(result.factors[k * 24 + 4] - known[l * 24 + 4]) <
          std::fabs(result.factors[k * 24 + 4] - known[given * 24 + 4]))
        given = l;
    }
    for (std::size_t p = 0; p < 42; ++p) {
      EXPECT_NEAR(result.loadings[p * 3 + k], exact.loadings[p * 3 + given], 0.02) << p << k;
    }
  }
}

TEST(ConstrainedNmf, SmoothnessLowersDifferencesOfNeighbours) {
  const Dataset data = small_map(12, 12, 24, mixed_counts(12, 12, 24, 2, 40, 6));
  const auto roughness = [&](double smoothness, const char* smoothing) {
    NmfParams params;
    params.components = 2;
    params.starts = 1;
    params.sum_to_one = true;
    params.smoothness = smoothness;
    params.smoothing = smoothing;
    const NmfResult result = factorise(data, params);
    double sum = 0;
    for (std::size_t p = 0; p + 1 < 144; ++p) {
      if (p % 12 == 11) continue;
      const auto share = [&](std::size_t q) {
        return result.loadings[q * 2] / (result.loadings[q * 2] + result.loadings[q * 2 + 1]);
      };
      sum += std::fabs(share(p + 1) - share(p));
    }
    return sum;
  };
  const double rough = roughness(0, "laplacian");
  EXPECT_LT(roughness(100, "laplacian"), 0.7 * rough);
  EXPECT_LT(roughness(10, "total_variation"), 0.7 * rough);
}

TEST(ConstrainedNmf, SparsityMakesSharesVanish) {
  const Dataset data = small_map(12, 12, 24, mixed_counts(12, 12, 24, 3, 60, 6));
  const auto small = [&](double sparsity) {
    NmfParams params;
    params.components = 3;
    params.starts = 1;
    params.sparsity = sparsity;
    params.sum_to_one = true;
    const NmfResult result = factorise(data, params);
    std::size_t count = 0;
    for (const double value : result.loadings) count += value < 0.5 ? 1 : 0;
    return count;
  };
  EXPECT_GT(small(3), small(0));
}

TEST(ConstrainedNmf, RelevanceKeepsWhatTheDataHold) {
  NmfParams params;
  params.automatic_relevance = true;
  params.components = 6;
  params.starts = 1;
  const NmfResult result = factorise(small_map(20, 20, 30, mixed_counts(20, 20, 30, 3, 300, 8)), params);
  EXPECT_EQ(result.components, 3);
  EXPECT_THAT(result.reason, testing::HasSubstr("of 6"));
}

TEST(ConstrainedNmf, LinesFindTheElementsOfTwoPhases) {
  NmfParams params;
  params.components = 2;
  params.spectra = "lines";
  params.starts = 1;
  const NmfResult result = factorise(example_spectrum_image(10, 12, 300), params);
  EXPECT_THAT(result.columns, testing::AllOf(testing::HasSubstr("Fe K"), testing::HasSubstr("Ti K")));
  // One half is iron, the other titanium; Fe Kα lies at 6.40 keV, Ti Kα at 4.51, channels are 0.04 keV.
  const double iron[2] = {result.factors[160], result.factors[460]};
  const double titanium[2] = {result.factors[113], result.factors[413]};
  const std::size_t of_iron = iron[0] > iron[1] ? 0 : 1;
  EXPECT_GT(iron[of_iron], 20 * iron[1 - of_iron]);
  EXPECT_GT(titanium[1 - of_iron], 20 * titanium[of_iron]);
}

TEST(ConstrainedNmf, RefusesWhatMakesNoSense) {
  const Dataset data = small_map(6, 6, 24, mixed_counts(6, 6, 24, 2, 40, 6));
  NmfParams params;
  params.components = 2;
  params.sparsity = 1;
  params.sparsity_penalty = "l1";
  EXPECT_THROW(factorise(data, params), Error);
  params = {};
  params.components = 1;
  EXPECT_THROW(factorise(data, params, std::vector<double>(48, 1.0)), Error);
  params = {};
  EXPECT_THROW(factorise(data, params, std::vector<double>(24, -1.0)), Error);
}

/// The majorant touches the penalty where it was taken and lies above it elsewhere.
TEST(MapPenalty, MajorantLiesAbove) {
  constexpr std::size_t components = 3;
  const PositionGrid grid({4, 5});
  const std::vector<double> row_sum(20, 50.0);
  for (const bool total_variation : {false, true}) {
    MapPenalty penalty({.smoothness = 2, .total_variation = total_variation, .sparsity = 1.5, .relevance = 7}, grid,
                       row_sum, components);
    const auto drawn = [&](std::uint64_t stream) {
      std::vector<double> loadings;
      for (std::size_t p = 0; p < 20; ++p) {
        double u[components], sum = 0;
        for (std::size_t k = 0; k < components; ++k) {
          u[k] = -std::log(Random(stream, "shares", p * components + k).uniform());
          sum += u[k];
        }
        for (const double one : u) loadings.push_back(50 * one / sum);
      }
      return loadings;
    };
    const auto majorant = [&](const std::vector<double>& loadings) {
      double sum = 0;
      for (std::int64_t p = 0; p < 20; ++p) {
        double target[components], slope[components];
        const double weight = penalty.majorant(p, target, slope);
        for (std::size_t k = 0; k < components; ++k) {
          const double share = loadings[static_cast<std::size_t>(p) * components + k] / 50;
          sum += 0.5 * weight * (share - target[k]) * (share - target[k]) + slope[k] * share;
        }
      }
      return sum;
    };
    const std::vector<double> here = drawn(1);
    penalty.touch(here);
    for (std::uint64_t stream = 2; stream < 40; ++stream) {
      const std::vector<double> there = drawn(stream);
      EXPECT_GE(majorant(there) - majorant(here), penalty.value(there) - penalty.value(here) - 1e-9);
    }
  }
}

}  // namespace
}  // namespace ruska::ops::unmix
