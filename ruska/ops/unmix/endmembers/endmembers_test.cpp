// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/endmembers/endmembers.hpp"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

EndmembersResult find(const Dataset& data, const EndmembersParams& params) {
  Context context;
  context.threads = 2;
  return endmembers(Rows(data, context), params, context);
}

const std::vector<double> first{0.5, 0.3, 0.2, 0, 0, 0.0}, second{0, 0.1, 0.2, 0.3, 0.2, 0.2};

/// A map whose left third is the first spectrum, right third the second, with equal mixtures between.
std::vector<double> expected(std::int64_t height, std::int64_t width, double counts) {
  std::vector<double> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const double share = p % width < width / 3 ? 1 : p % width >= width - width / 3 ? 0 : 0.5;
    for (std::size_t c = 0; c < 6; ++c) values.push_back(counts * (share * first[c] + (1 - share) * second[c]));
  }
  return values;
}

TEST(Endmembers, OfMapsWithoutNoiseAreExact) {
  for (const char* method : {"n_findr", "spa", "vca"}) {
    for (const std::int64_t window : {1, 3}) {
      EndmembersParams params;
      params.components = 2;
      params.method = method;
      params.window = window;
      const EndmembersResult result = find(small_map(9, 18, 6, expected(9, 18, 100)), params);
      const bool swapped = result.spectra[0] < 0.1;
      for (std::size_t c = 0; c < 6; ++c) {
        EXPECT_NEAR(result.spectra[swapped ? 6 + c : c], first[c], 1e-9) << method;
        EXPECT_NEAR(result.spectra[swapped ? c : 6 + c], second[c], 1e-9) << method;
      }
      for (const double angle : result.stability) EXPECT_LT(angle, 1e-4) << method;
    }
  }
}

TEST(Endmembers, UncertaintyIsTheSpreadOfRepeatedMeasurements) {
  constexpr int repetitions = 200;
  const std::vector<double> mean = expected(9, 18, 60);
  EndmembersParams params;
  params.components = 2;
  params.starts = 1;
  std::vector<double> sum(6, 0.0), squares(6, 0.0), sigma(6, 0.0);
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    std::vector<std::uint16_t> counts;
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const auto element = static_cast<std::uint64_t>(repetition) * mean.size() + i;
      counts.push_back(static_cast<std::uint16_t>(Random(4, "repetition", element).poisson(mean[i])));
    }
    const EndmembersResult result = find(small_map(9, 18, 6, counts), params);
    const std::size_t of_first = result.spectra[0] > result.spectra[6] ? 0 : 6;
    for (std::size_t i = 0; i < 6; ++i) {
      const double value = result.spectra[of_first + i];
      sum[i] += value;
      squares[i] += value * value;
      sigma[i] += result.sigma[of_first + i] / repetitions;
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {  // the others are held at 0
    const double measured = std::sqrt((squares[i] - sum[i] * sum[i] / repetitions) / (repetitions - 1));
    // The search picks among places, which changes the spread.
    EXPECT_GT(sigma[i], 0.6 * measured) << i << " " << sigma[i] << " " << measured;
    EXPECT_LT(sigma[i], 2.0 * measured) << i << " " << sigma[i] << " " << measured;
  }
}

TEST(Endmembers, OrderIsThatOfTheSignalAveraged) {
  EndmembersParams params;
  params.components = 2;
  std::vector<double> values = expected(9, 18, 100);
  for (std::size_t p = 0; p < 9 * 18; ++p) {
    for (std::size_t c = 0; c < 6 && p % 18 >= 12; ++c) values[p * 6 + c] *= 3;
  }
  const EndmembersResult result = find(small_map(9, 18, 6, values), params);
  EXPECT_GE(result.signal[0], result.signal[1]);
  EXPECT_NEAR(result.spectra[3], 0.3, 1e-6);
}

TEST(Endmembers, RefusesAnEvenWindow) {
  EndmembersParams params;
  params.window = 4;
  EXPECT_THROW(find(small_map(9, 18, 6, expected(9, 18, 100)), params), Error);
}

}  // namespace
}  // namespace ruska::ops::unmix
