// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/nmf/start_components.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::int64_t height = 20, width = 30, channels = 80;

/// Two spectra of equal weight, and white noise.
Dataset two_spectra(double signal, double filled) {
  std::vector<double> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const double share = static_cast<double>(p % width) / width;
    for (std::int64_t c = 0; c < channels; ++c) {
      Random random(3, "two spectra", static_cast<std::uint64_t>(p * channels + c));
      const double mean = c < channels / 2 ? share : 1 - share;
      const double value = std::max(0.0, 10 + signal * mean + random.normal());
      values.push_back(random.uniform() < filled ? value : 0.0);
    }
  }
  return small_map(height, width, channels, values);
}

std::optional<PcaResult> start_of(const Dataset& data, const Masks& masks = {}, int threads = 2) {
  Context context;
  context.threads = threads;
  const Rows rows(data, context, masks);
  return start_components(rows, marginals(rows, context), 2, 0, context);
}

TEST(StartComponents, SpanWhatThePrincipalComponentsSpan) {
  Masks masks;
  masks.rows.assign(height * width, 0);
  masks.rows[5] = 1;
  masks.columns.assign(channels, 0);
  masks.columns[7] = 1;
  const Dataset data = two_spectra(5, 1);
  const auto start = start_of(data, masks);
  ASSERT_TRUE(start);
  Context context;
  PcaParams params;
  params.components = 2;
  params.weighting = "none";
  const PcaResult exact = pca(Rows(data, context, masks), params, context);
  EXPECT_EQ(start->row_weight, exact.row_weight);
  EXPECT_EQ(start->column_weight, exact.column_weight);
  ASSERT_EQ(start->loadings.size(), exact.loadings.size());
  EXPECT_TRUE(std::isnan(start->loadings[5 * 2]));
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_NEAR(start->singular_values[k], exact.singular_values[k], 1e-4 * exact.singular_values[k]);
    double overlap = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      overlap += start->factors[k * channels + c] * exact.factors[k * channels + c];
    }
    EXPECT_NEAR(std::abs(overlap), 1.0, 1e-5);
    EXPECT_EQ(start->factors[k * channels + 7], 0.0);
  }
}

TEST(StartComponents, AreTheSameForEveryNumberOfThreads) {
  const Dataset data = two_spectra(5, 1);
  const auto one = start_of(data, {}, 1), three = start_of(data, {}, 3);
  ASSERT_TRUE(one && three);
  EXPECT_EQ(one->factors, three->factors);
  EXPECT_EQ(one->loadings, three->loadings);
}

TEST(StartComponents, AreLeftToOthersWhereNothingStandsOutAndWhereRowsAreSparse) {
  EXPECT_FALSE(start_of(two_spectra(0, 1)));
  EXPECT_FALSE(start_of(two_spectra(5, 0.1)));
}

}  // namespace
}  // namespace ruska::ops::unmix
