// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/levenberg_marquardt.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"

namespace ruska {
namespace {

void peak(std::span<const double> p, std::span<double> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double t = (static_cast<double>(i) - p[0]) / p[1];
    out[i] = p[2] * std::exp(-0.5 * t * t) + p[3];
  }
}

TEST(LevenbergMarquardt, RecoversAPeakFromABadStart) {
  std::vector<double> data(60);
  peak(std::vector<double>{31.25, 4.5, 12, 3}, data);
  const std::vector<double> weights(60, 1.0);
  const CurveFit fit = fit_curve(data, weights, {25, 8, 5, 0}, std::vector<double>{1, 1, 10, 10}, peak);
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.parameters[0], 31.25, 1e-6);
  EXPECT_NEAR(std::abs(fit.parameters[1]), 4.5, 1e-6);
  EXPECT_NEAR(fit.parameters[2], 12, 1e-6);
  EXPECT_NEAR(fit.parameters[3], 3, 1e-6);
}

TEST(LevenbergMarquardt, CovarianceIsWhatRepeatedNoiseShows) {
  std::vector<double> truth(60);
  peak(std::vector<double>{31.25, 4.5, 12, 3}, truth);
  int inside = 0;
  const int repeats = 600;
  for (int i = 0; i < repeats; ++i) {
    std::vector<double> data = truth;
    Random random(1, "peak", static_cast<std::uint64_t>(i));
    for (double& value : data) value += 0.8 * random.normal();
    const CurveFit fit =
        fit_curve(data, std::vector<double>(60, 1.0), {30, 5, 10, 2}, std::vector<double>{1, 1, 10, 10}, peak);
    inside += std::abs(fit.parameters[0] - 31.25) <= std::sqrt(fit.covariance_of(0, 0)) ? 1 : 0;
  }
  EXPECT_NEAR(inside / static_cast<double>(repeats), 0.683, 0.06);
}

}  // namespace
}  // namespace ruska
