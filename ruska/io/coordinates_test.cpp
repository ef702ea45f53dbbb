// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/coordinates.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"

namespace ruska::io {
namespace {

TEST(Coordinates, EqualStepsNeedNoTable) {
  Axis axis;
  set_coordinates(axis, {0.1, 0.2, 0.3, 0.4});
  EXPECT_EQ(axis.size, 4);
  EXPECT_NEAR(axis.scale, 0.1, 1e-15);
  EXPECT_NEAR(axis.offset, 0.1, 1e-15);
  EXPECT_TRUE(axis.values.empty());
}

TEST(Coordinates, OtherStepsKeepTheTableAndTheLineThroughIt) {
  Axis axis;
  set_coordinates(axis, {0, 1, 5});
  EXPECT_EQ(axis.values, (std::vector<double>{0, 1, 5}));
  EXPECT_DOUBLE_EQ(axis.scale, 2.5);
  EXPECT_DOUBLE_EQ(axis.offset, -0.5);
}

TEST(Coordinates, OneOrNone) {
  Axis axis;
  set_coordinates(axis, {7});
  EXPECT_DOUBLE_EQ(axis.at(0), 7);
  EXPECT_TRUE(axis.values.empty());
  set_coordinates(axis, {});
  EXPECT_EQ(axis.size, 0);
  EXPECT_DOUBLE_EQ(axis.offset, 0);
}

TEST(Coordinates, RefuseWhatIsNotFinite) {
  Axis axis;
  EXPECT_THROW(set_coordinates(axis, {0, std::numeric_limits<double>::quiet_NaN()}), Error);
  EXPECT_THROW(set_coordinates(axis, {-1.7e308, 1.7e308, -1.7e308, 1.7e308}), Error);
}

}  // namespace
}  // namespace ruska::io
