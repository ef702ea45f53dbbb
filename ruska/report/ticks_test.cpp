// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/ticks.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace ruska::report {
namespace {

std::vector<std::string> texts(const std::vector<Tick>& ticks) {
  std::vector<std::string> all;
  for (const Tick& tick : ticks) {
    if (!tick.text.empty()) all.push_back(tick.text);
  }
  return all;
}

TEST(Ticks, Linear) {
  EXPECT_EQ(texts(linear_ticks(0, 1, 5)), (std::vector<std::string>{"0", "0.2", "0.4", "0.6", "0.8", "1"}));
  EXPECT_EQ(texts(linear_ticks(-1.5, 1.5, 3)), (std::vector<std::string>{"−1", "0", "1"}));
  EXPECT_EQ(texts(linear_ticks(1000.1, 1000.3, 2)), (std::vector<std::string>{"1000.1", "1000.2", "1000.3"}));
  EXPECT_TRUE(linear_ticks(1, 1, 5).empty());
}

TEST(Ticks, LinearTicksAreInsideEvenAndNotTooMany) {
  EXPECT_TRUE(rc::check([] {
    const double low = *rc::gen::inRange(-100000, 100000) / 97.0;
    const double high = low + *rc::gen::inRange(1, 100000) / 89.0;
    const int wanted = *rc::gen::inRange(2, 12);
    const auto ticks = linear_ticks(low, high, wanted);
    RC_ASSERT(ticks.size() <= static_cast<std::size_t>(1.6 * wanted + 1));
    RC_ASSERT(!ticks.empty());
    const double step = ticks.size() > 1 ? ticks[1].position - ticks[0].position : 0;
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      RC_ASSERT(ticks[i].position >= low - 1e-6 * (high - low));
      RC_ASSERT(ticks[i].position <= high + 1e-6 * (high - low));
      if (i > 0) RC_ASSERT(std::abs(ticks[i].position - ticks[i - 1].position - step) < 1e-6 * (high - low));
      if (i > 0) RC_ASSERT(ticks[i].text != ticks[i - 1].text);
    }
  }));
}

TEST(Ticks, Logarithmic) {
  EXPECT_EQ(texts(logarithmic_ticks(0.5, 2000)), (std::vector<std::string>{"1", "10", "100", "1000"}));
  EXPECT_EQ(texts(logarithmic_ticks(2, 5)), texts(linear_ticks(2, 5, 4)));
  EXPECT_TRUE(logarithmic_ticks(0, 1).empty());
}

TEST(Ticks, Root) {
  EXPECT_EQ(texts(root_ticks(0, 150, 5)), (std::vector<std::string>{"0", "5", "20", "50", "100"}));
  EXPECT_EQ(texts(root_ticks(-50, 25, 2)), (std::vector<std::string>{"−50", "−10", "0", "5", "20"}));
}

Axis axis(std::int64_t size, double scale, std::string units) {
  Axis made;
  made.name = "x";
  made.size = size;
  made.scale = scale;
  made.units = std::move(units);
  return made;
}

TEST(ScaleBar, IsRoundAndInTheUnitWithTheFewestDigits) {
  const auto bar = scale_bar(axis(512, 0.37, "nm"), 0.4);
  ASSERT_TRUE(bar);
  EXPECT_EQ(bar->text, "50 nm");
  EXPECT_NEAR(bar->pixels, 50 / 0.37, 1e-9);
  EXPECT_EQ(scale_bar(axis(512, 25, "nm"), 0.4)->text, "5 µm");
  EXPECT_EQ(scale_bar(axis(100, 1e-10, "m"), 0.4)->text, "2 nm");
  EXPECT_EQ(scale_bar(axis(100, 0.02, "nm"), 0.4)->text, "500 pm");
  EXPECT_EQ(scale_bar(axis(100, 0.2, "Å"), 0.4)->text, "500 pm");
  EXPECT_EQ(scale_bar(axis(100, -2, "nm"), 0.4)->text, "50 nm");
  EXPECT_EQ(scale_bar(axis(256, 0.05, "1/nm"), 0.4)->text, "5 1/nm");
  EXPECT_EQ(scale_bar(axis(64, 1, ""), 0.4)->text, "20 px");
  EXPECT_EQ(scale_bar(axis(64, 5, ""), 0.4)->text, "100 px") << "blocks of 5 pixels";
  EXPECT_EQ(scale_bar(axis(64, 0.3, ""), 0.4)->text, "5") << "a scale without a unit is not in pixels";
  EXPECT_FALSE(scale_bar(axis(64, 0, "nm"), 0.4));
}

TEST(PixelAspect, FollowsTheScales) {
  EXPECT_DOUBLE_EQ(pixel_aspect(axis(4, 3, "nm"), axis(4, 2, "nm")), 1.5);
  EXPECT_DOUBLE_EQ(pixel_aspect(axis(4, 3, "keV"), axis(4, 2, "nm")), 1);
}

}  // namespace
}  // namespace ruska::report
