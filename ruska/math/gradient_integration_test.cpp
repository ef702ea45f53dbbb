// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/gradient_integration.hpp"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"

namespace ruska {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;

TEST(GradientIntegration, RecoversAPeriodicFunctionExactly) {
  GradientIntegration grid{.rows = 20, .columns = 24, .step_y = 0.3, .step_x = 0.5, .mirrored = false};
  std::vector<double> function, gx, gy;
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 24; ++x) {
      const double a = two_pi * (3 * x / 24.0 + 2 * y / 20.0), b = two_pi * (5 * y / 20.0);
      function.push_back(std::sin(a) + 0.5 * std::cos(b));
      gx.push_back(std::cos(a) * two_pi * 3 / 24.0 / 0.5);
      gy.push_back(std::cos(a) * two_pi * 2 / 20.0 / 0.3 - 0.5 * std::sin(b) * two_pi * 5 / 20.0 / 0.3);
    }
  }
  const auto found = grid.integrate(gx, gy);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], function[i], 1e-12);
}

TEST(GradientIntegration, MirroredRecoversWhatEndsAtTheBorder) {
  GradientIntegration grid{.rows = 40, .columns = 50};
  std::vector<double> function, gx, gy;
  double mean = 0;
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 50; ++x) {
      // A slope of cosines that do not close periodically, and a bump.
      const double bump = std::exp(-((x - 20) * (x - 20) + (y - 25) * (y - 25)) / 12.0);
      function.push_back(std::cos(std::numbers::pi * (x + 0.5) / 50) + bump);
      gx.push_back(-std::numbers::pi / 50 * std::sin(std::numbers::pi * (x + 0.5) / 50) - (x - 20) / 6.0 * bump);
      gy.push_back(-(y - 25) / 6.0 * bump);
      mean += function.back() / 2000;
    }
  }
  const auto found = grid.integrate(gx, gy);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], function[i] - mean, 1e-5);
}

TEST(GradientIntegration, VarianceIsWhatRepeatedNoiseShows) {
  for (const bool mirrored : {false, true}) {
    GradientIntegration grid{.rows = 18, .columns = 22, .step_x = 0.7, .high_pass = 0.05, .mirrored = mirrored};
    const std::size_t size = 18 * 22;
    std::vector<double> vx(size, 0.04), vy(size, 0.09), cov(size, 0.03), squares(size);
    const int repeats = 1500;
    for (int i = 0; i < repeats; ++i) {
      std::vector<double> gx, gy;
      Random random(3, "noise", static_cast<std::uint64_t>(i));
      for (std::size_t p = 0; p < size; ++p) {
        const double a = random.normal(), b = random.normal();
        gx.push_back(0.2 * a);
        gy.push_back(0.15 * a + std::sqrt(0.09 - 0.0225) * b);
      }
      const auto found = grid.integrate(gx, gy);
      for (std::size_t p = 0; p < size; ++p) squares[p] += found[p] * found[p] / repeats;
    }
    const auto variance = grid.variance(vx, vy, cov);
    for (int y = 6; y < 12; ++y) {
      for (int x = 7; x < 15; ++x) {
        const auto p = static_cast<std::size_t>(y * 22 + x);
        EXPECT_NEAR(squares[p] / variance[p], 1, mirrored ? 0.3 : 0.18) << y << " " << x;
      }
    }
  }
}

}  // namespace
}  // namespace ruska
