// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/ellipse/ellipse.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/ops/diffraction/ellipse/ring_fit.hpp"
#include "ruska/ops/diffraction/ellipse/ring_system.hpp"
#include "ruska/ops/diffraction/ring_profile.hpp"

namespace ruska::ops::diffraction {
namespace {

/// A ring with unequal flanks on a sloping background, without noise.
AlignedMean ring_of(const EllipseCalibration& ellipse, Vector center, std::int64_t edge) {
  const Matrix undistorted = ellipse.distortion().inverse();
  AlignedMean pattern;
  pattern.center = center;
  for (std::int64_t p = 0; p < edge * edge; ++p) {
    const double k = length(undistorted *
                            Vector{static_cast<double>(p % edge) - center.x, static_cast<double>(p / edge) - center.y});
    const double t = k - 20, w = t < 0 ? 3 : 4;
    pattern.pattern.push_back(30 - 0.3 * t + 50 * std::exp(-0.5 * t * t / w / w));
    pattern.coverage.push_back(1);
  }
  return pattern;
}

TEST(RingFit, RecoversARingOfTheModelExactly) {
  for (const double angle : {0.0, 33.0, 90.0, 151.0}) {
    const EllipseCalibration truth{1.12, 0, angle, 0};
    const AlignedMean pattern = ring_of(truth, {32.4, 30.9}, 64);
    const RingFit ring = fit_ring(pattern, 64, 64, {31.5, 31.5}, 8, 30);
    EXPECT_TRUE(ring.converged);
    EXPECT_NEAR(ring.ellipse.ratio, 1.12, 1e-6);
    EXPECT_NEAR(std::remainder(ring.ellipse.angle - angle, 180), 0, 1e-4);
    EXPECT_NEAR(ring.center.x, 32.4, 1e-5);
    EXPECT_NEAR(ring.center.y, 30.9, 1e-5);
    EXPECT_NEAR(ring.radius, 20, 1e-4);
    EXPECT_NEAR(ring.width_inside, 3, 1e-3);
    EXPECT_NEAR(ring.width_outside, 4, 1e-3);
  }
}

TEST(RingFit, WhatIsNoRingIsRefused) {
  AlignedMean flat;
  flat.pattern.assign(400, 3.0);
  flat.coverage.assign(400, 1.0);
  EXPECT_THROW(fit_ring(flat, 20, 20, {9.5, 9.5}, 2, 9), Error);
  EXPECT_THROW(fit_ring(flat, 20, 20, {9.5, 9.5}, 8, 8.2), Error);
}

/// A gold-like film: rings, one of them a shoulder of the first, on a steep background, and spots at 30 px.
AlignedMean film_of(const EllipseCalibration& ellipse, Vector center, bool spots) {
  constexpr std::int64_t edge = 200;
  const Matrix undistorted = ellipse.distortion().inverse();
  constexpr double radius[] = {40, 46.2, 65.3, 76.6}, height[] = {300, 100, 70, 75};
  AlignedMean pattern;
  pattern.center = {99.5, 99.5};
  for (std::int64_t p = 0; p < edge * edge; ++p) {
    const Vector at =
        undistorted * Vector{static_cast<double>(p % edge) - center.x, static_cast<double>(p / edge) - center.y};
    const double k = length(at);
    double mean = 20000 * std::exp(-k / 3) + 600 * std::exp(-k / 30) + 20;
    for (int ring = 0; ring < 4; ++ring) mean += height[ring] * std::exp(-0.5 * std::pow((k - radius[ring]) / 1.9, 2));
    for (const Vector spot : {Vector{20, 22}, Vector{-20, -22}}) {
      if (spots) mean += 9000 * std::exp(-0.5 * std::pow(length(at - spot) / 1.5, 2));
    }
    Random random(4, "film", static_cast<std::uint64_t>(p));
    pattern.pattern.push_back(mean + std::sqrt(mean) * random.normal());
    pattern.coverage.push_back(1);
  }
  return pattern;
}

TEST(RingSystem, FindsSingleRingsAndOneEllipseForAll) {
  const EllipseCalibration truth{1.035, 0, 63, 0};
  for (const bool spots : {false, true}) {
    const AlignedMean pattern = film_of(truth, {100.2, 98.7}, spots);
    const RingSystem system = find_rings(pattern, 200, 200, pattern.center, 10, 5);
    EXPECT_GE(system.counted(), 3) << spots;
    for (const TriedRing& ring : system.rings) {
      EXPECT_LT(ring.outer - ring.inner, 30) << "at " << ring.inner;
      const bool of_spots = ring.inner < 29.7 && ring.outer > 29.7 && ring.outer < 36;
      if (of_spots) {
        EXPECT_THAT(ring.rejected, testing::HasSubstr("spots"));
      }
    }
    EXPECT_NEAR(system.strongest().fit->radius, 40, 0.2);
    EXPECT_NEAR(system.ellipse.ratio, 1.035, 0.001);
    EXPECT_NEAR(system.ellipse.angle, 63, 0.8);
    EXPECT_NEAR(system.center.x, 100.2, 0.05);
    EXPECT_NEAR(system.center.y, 98.7, 0.05);
    EXPECT_LT(std::abs(system.ellipse.ratio - 1.035), 3 * system.ellipse.ratio_sigma);
    EXPECT_LT(system.ellipse.ratio_sigma, system.strongest().fit->ellipse.ratio_sigma * std::max(1.0, system.spread));
  }
}

TEST(RingPeaks, AreOrderedBySignificance) {
  RingProfile profile;
  for (int r = 0; r < 80; ++r) {
    profile.mean.push_back(100 * std::exp(-r / 4.0) + 5 * std::exp(-0.5 * std::pow((r - 25) / 3.0, 2)) +
                           20 * std::exp(-0.5 * std::pow((r - 50) / 3.0, 2)));
    profile.sigma.push_back(0.1);
    profile.weight.push_back(10);
  }
  const auto peaks = ring_peaks(profile, 5);
  ASSERT_GE(peaks.size(), 2u);
  EXPECT_NEAR(peaks[0].radius, 50, 1);
  EXPECT_NEAR(peaks[1].radius, 25, 1);
  EXPECT_LT(peaks[0].inner, 45);
  EXPECT_GT(peaks[0].outer, 55);
}

}  // namespace
}  // namespace ruska::ops::diffraction
