// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/colour.hpp"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace ruska::report {
namespace {

/// CIE lightness of an sRGB colour, 0 to 100.
double lightness(Colour colour) {
  const auto linear = [](double channel) {
    channel /= 255;
    return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
  };
  const double y = 0.2126729 * linear(colour.red) + 0.7151522 * linear(colour.green) + 0.072175 * linear(colour.blue);
  return 116 * std::cbrt(y) - 16;
}

TEST(ColourMap, HasThePublishedEnds) {
  EXPECT_EQ(hex(colour_map(Palette::sequential).front()), "#440154");
  EXPECT_EQ(hex(colour_map(Palette::sequential).back()), "#fde725");
  EXPECT_EQ(hex(colour_map(Palette::uncertainty).back()), "#ffea46");
  EXPECT_EQ(hex(colour_map(Palette::diverging).front()), "#053061");
}

TEST(ColourMap, SequentialMapsGrowEvenlyInLightness) {
  for (const Palette palette : {Palette::sequential, Palette::uncertainty}) {
    const ColourMap& map = colour_map(palette);
    const double mean = (lightness(map[255]) - lightness(map[0])) / 255;
    for (std::size_t i = 16; i < 256; i += 16) {
      const double step = (lightness(map[i]) - lightness(map[i - 16])) / 16;
      EXPECT_GT(step, 0.6 * mean) << i;
      EXPECT_LT(step, 1.5 * mean) << i;
    }
  }
}

TEST(ColourMap, DivergingMapIsLightestInTheMiddle) {
  const ColourMap& map = colour_map(Palette::diverging);
  for (std::size_t i = 1; i < 127; ++i) EXPECT_LE(lightness(map[i - 1]), lightness(map[i]) + 0.5);
  for (std::size_t i = 129; i < 256; ++i) EXPECT_GE(lightness(map[i - 1]) + 0.5, lightness(map[i]));
  EXPECT_GT(lightness(map[127]), 95);
}

TEST(ClassColours, DifferAndShowOnWhite) {
  std::set<std::string> seen;
  for (std::int64_t i = 0; i < class_colours; ++i) {
    EXPECT_TRUE(seen.insert(hex(class_colour(i))).second);
    EXPECT_LT(lightness(class_colour(i)), 75) << i;
  }
  EXPECT_EQ(class_colour(class_colours), class_colour(0));
}

TEST(ColourOf, ClipsAtTheEnds) {
  const Range range{0, 10, true, true, Palette::sequential};
  EXPECT_EQ(colour_of(-5, range), colour_map(Palette::sequential).front());
  EXPECT_EQ(colour_of(50, range), colour_map(Palette::sequential).back());
  EXPECT_EQ(colour_of(5, range), colour_map(Palette::sequential)[128]);
}

}  // namespace
}  // namespace ruska::report
