// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/mlpca/mlpca.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

MlpcaResult fit(const Dataset& data, const Dataset* variance, const MlpcaParams& params) {
  Context context;
  context.threads = 2;
  const Rows rows(data, context);
  if (variance == nullptr) return mlpca(rows, nullptr, params, context);
  const Rows variances(*variance, context);
  return mlpca(rows, &variances, params, context);
}

TEST(Mlpca, TheObjectiveNeverRisesAndNoiseAloneIsLeft) {
  MlpcaParams params;
  params.components = 3;
  const MlpcaResult result = fit(small_map(24, 30, 80, mixed_counts(24, 30, 80, 3, 2000, 4)), nullptr, params);
  EXPECT_TRUE(result.converged);
  for (std::size_t i = 1; i < result.objective.size(); ++i) {
    EXPECT_LE(result.objective[i], result.objective[i - 1] * (1 + 1e-12));
  }
  EXPECT_NEAR(result.objective.back(), 1, 0.05);
  for (std::size_t p = 0; p < 3; ++p) {
    for (std::size_t q = 0; q <= p; ++q) {
      double product = 0;
      for (std::size_t c = 0; c < 80; ++c) product += result.factors[p * 80 + c] * result.factors[q * 80 + c];
      EXPECT_NEAR(product, p == q ? 1 : 0, 1e-10);
    }
  }
  EXPECT_GE(result.singular_values[0], result.singular_values[1]);
}

TEST(Mlpca, ElementsOfNoVarianceAreLeftOutAndFilledIn) {
  std::vector<double> values(12 * 12 * 20), variances(values.size(), 1.0);
  const auto truth = [](std::size_t p, std::size_t e) {
    return static_cast<double>(1 + p % 5) * static_cast<double>(1 + e) +
           static_cast<double>(p % 7) * std::cos(static_cast<double>(e));
  };
  for (std::size_t p = 0; p < 144; ++p) {
    for (std::size_t e = 0; e < 20; ++e) values[p * 20 + e] = truth(p, e);
  }
  for (std::size_t lost = 0; lost < values.size(); lost += 37) {
    values[lost] = 1e4;
    variances[lost] = 0;
  }
  MlpcaParams params;
  params.components = 2;
  params.iterations = 2000;
  params.tolerance = 1e-14;
  const Dataset variance = small_map(12, 12, 20, variances);
  const MlpcaResult result = fit(small_map(12, 12, 20, values), &variance, params);
  for (std::size_t lost = 0; lost < values.size(); lost += 37) {
    const std::size_t p = lost / 20, e = lost % 20;
    const double filled =
        result.loadings[p * 2] * result.factors[e] + result.loadings[p * 2 + 1] * result.factors[20 + e];
    EXPECT_NEAR(filled, truth(p, e), 1e-3);
  }
}

TEST(Mlpca, SigmaOfLoadingsIsTheirScatter) {
  // One known component: the loadings' errors over their σ must have unit variance.
  std::vector<double> values(40 * 40 * 30), variances(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t p = i / 30, e = i % 30;
    variances[i] = 0.5 + static_cast<double>((p + 3 * e) % 4);
    values[i] =
        10 * std::sin(0.1 * static_cast<double>(1 + e)) + std::sqrt(variances[i]) * Random(9, "noise", i).normal();
  }
  MlpcaParams params;
  params.components = 1;
  const Dataset variance = small_map(40, 40, 30, variances);
  const MlpcaResult result = fit(small_map(40, 40, 30, values), &variance, params);
  double mean = 0, chi = 0;
  for (const double loading : result.loadings) mean += loading / 1600;
  for (std::size_t i = 0; i < 1600; ++i)
    chi += std::pow((result.loadings[i] - mean) / result.loadings_sigma[i], 2) / 1600;
  EXPECT_NEAR(chi, 1, 0.11);
}

TEST(Mlpca, RefusesUnknownAndImpossibleVariances) {
  const std::vector<double> fractions(4 * 4 * 5, 0.5);
  EXPECT_THROW(fit(small_map(4, 4, 5, fractions), nullptr, {}), Error);
  std::vector<double> negative(fractions);
  negative[7] = -1;
  const Dataset variance = small_map(4, 4, 5, negative);
  EXPECT_THROW(fit(small_map(4, 4, 5, fractions), &variance, {}), Error);
}

}  // namespace
}  // namespace ruska::ops::unmix
