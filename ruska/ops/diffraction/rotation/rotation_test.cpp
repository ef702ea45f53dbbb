// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/rotation/rotation.hpp"

#include <cmath>
#include <cstdio>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/rotation/field_rotation.hpp"

namespace ruska::ops::diffraction {
namespace {

/// The gradient of a few waves, turned by −angle: what a detector turned against the scan would show.
struct Field {
  std::vector<double> x, y;
  Field(std::int64_t rows, std::int64_t columns, double angle, double noise, std::uint64_t seed) {
    const Matrix turned = turn(-angle);
    for (std::int64_t p = 0; p < rows * columns; ++p) {
      const auto i = static_cast<double>(p % columns), j = static_cast<double>(p / columns);
      Vector gradient;
      for (const auto& [kx, ky, height] :
           {std::array{0.11, 0.04, 1.0}, std::array{-0.05, 0.13, 0.7}, std::array{0.21, -0.17, 0.4}}) {
        gradient = gradient + (height * std::cos(2 * std::numbers::pi * (kx * i + ky * j) + height)) * Vector{kx, ky};
      }
      Random random(seed, "field", static_cast<std::uint64_t>(p));
      const Vector seen = turned * gradient;
      x.push_back(seen.x + noise * random.normal());
      y.push_back(seen.y + noise * random.normal());
    }
  }
};

TEST(FieldRotation, IsThatOfAGradient) {
  for (const double angle : {-80.0, -33.3, 0.0, 12.25, 71.0}) {
    const Field field(48, 60, angle, 0, 0);
    const FieldRotation found = rotation_of_field(field.x, field.y, 48, 60, 1, 1);
    EXPECT_NEAR(found.angle, angle, 0.5);
    EXPECT_LT(found.transverse_share, 0.02) << "the window alone widens each wave";
    EXPECT_GT(rotation_of_field(field.y, field.x, 48, 60, 1, 1).transverse_share, 0.05);
    ASSERT_EQ(found.share_at.size(), 181u);
    EXPECT_NEAR(found.share_at[static_cast<std::size_t>(90 + std::lround(found.angle))], found.transverse_share, 1e-3);
  }
}

TEST(FieldRotation, DeviationIsWhatRepeatedNoiseShows) {
  int inside = 0;
  const int repeats = 400;
  for (int i = 0; i < repeats; ++i) {
    const Field field(32, 32, 25, 0.15, static_cast<std::uint64_t>(i));
    const FieldRotation found = rotation_of_field(field.x, field.y, 32, 32, 1, 1);
    inside += std::abs(found.angle - 25) <= found.sigma ? 1 : 0;
  }
  std::printf("within its σ in %d of %d\n", inside, repeats);
  EXPECT_NEAR(inside / static_cast<double>(repeats), 0.683, 0.08);
}

TEST(FieldRotation, NothingIsNothing) {
  const std::vector<double> zeros(64);
  const FieldRotation found = rotation_of_field(zeros, zeros, 8, 8, 1, 1);
  EXPECT_GE(found.sigma, 50);
  EXPECT_EQ(found.transverse_share, 0.5);
}

TEST(Rotation, TooSmallScansAreRefused) {
  Context context;
  const Json settings{{"x", 5}, {"y", 12}};
  const Dataset scan = execute(operation("simulate.diffraction_scan"), {}, settings, context).outputs.dataset("data");
  EXPECT_THROW(execute(rotation_operation(), {{"data", scan}}, Json::object(), context), Error);
}

}  // namespace
}  // namespace ruska::ops::diffraction
