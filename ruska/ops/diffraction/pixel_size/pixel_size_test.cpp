// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/pixel_size/pixel_size.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/ops/diffraction/pixel_size/ring_match.hpp"

namespace ruska::ops::diffraction {
namespace {

TEST(PowderStandard, RingsOfTheCubicLattices) {
  const auto indices = [](const char* lattice) {
    std::string text;
    for (const PowderRing& ring : powder_rings({"x", lattice, 1.0}, 3.01)) text += ring.indices + " ";
    return text;
  };
  EXPECT_EQ(indices("sc"), "100 110 111 200 210 211 220 221/300 ");
  EXPECT_EQ(indices("bcc"), "110 200 211 220 ");
  EXPECT_EQ(indices("fcc"), "111 200 220 ");
  EXPECT_EQ(indices("diamond"), "111 220 ");
  const auto gold = powder_rings(powder_standards().front(), 8);
  EXPECT_NEAR(1 / gold[0].frequency, 0.23548, 1e-5);
  EXPECT_EQ(gold[0].multiplicity, 8);
  EXPECT_EQ(gold[2].multiplicity, 12);
}

TEST(RingMatch, FindsTheScaleAmongMany) {
  RingProfile profile;
  profile.step = 0.5;
  const double size = 0.1234;
  const auto rings = powder_rings(powder_standards().front(), 20);
  for (std::size_t b = 0; b < 240; ++b) {
    double value = 5 * std::exp(-profile.radius(b) / 20);
    for (const PowderRing& ring : rings) {
      const double off = (profile.radius(b) - ring.frequency / size) / 1.3;
      value += static_cast<double>(ring.multiplicity) / std::pow(ring.frequency, 3) * 100 * std::exp(-0.5 * off * off);
    }
    profile.mean.push_back(value);
    profile.sigma.push_back(0.05);
    profile.weight.push_back(10);
  }
  const RingMatch match = match_rings(profile, powder_standards().front(), 10, 0.05, 0.3);
  EXPECT_NEAR(match.pixel_size / size, 1, 5e-4);
  EXPECT_GE(match.rings.size(), 3u);
  EXPECT_GT(match.score, match.rival_score + 0.1);
  EXPECT_THROW(match_rings(profile, powder_standards()[7], 100, 0.05, 0.3), Error);
}

}  // namespace
}  // namespace ruska::ops::diffraction
