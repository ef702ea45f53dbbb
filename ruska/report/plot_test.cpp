// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/plot.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace ruska::report {
namespace {

TEST(Spread, LeavesWhatIsApartAndPushesNeighboursEqually) {
  EXPECT_EQ(spread(std::vector<double>{10, 50, 90}, 12, 0, 100), (std::vector<double>{10, 50, 90}));
  EXPECT_EQ(spread(std::vector<double>{50, 50}, 12, 0, 100), (std::vector<double>{44, 56}));
  EXPECT_EQ(spread(std::vector<double>{0, 0, 0}, 10, 0, 100), (std::vector<double>{0, 10, 20}));
  EXPECT_EQ(spread(std::vector<double>{100, 100}, 10, 0, 100), (std::vector<double>{90, 100}));
  EXPECT_TRUE(spread(std::vector<double>{}, 10, 0, 100).empty());
}

TEST(Spread, NeverOverlapsAndStaysInside) {
  EXPECT_TRUE(rc::check([] {
    auto raw = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10000));
    if (raw.size() > 70) raw.resize(70);
    std::sort(raw.begin(), raw.end());
    std::vector<double> wanted;
    for (const int place : raw) wanted.push_back(place / 10.0);
    const auto places = spread(wanted, 13, 0, 1000);
    RC_ASSERT(places.size() == wanted.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
      RC_ASSERT(places[i] >= -1e-9 && places[i] <= 1000 + 1e-9);
      if (i > 0) RC_ASSERT(places[i] - places[i - 1] >= 13 - 1e-9);
    }
  }));
}

TEST(PointsOf, KeepsThePeakOfManyChannels) {
  const Plot plot{
      .left = 0, .top = 0, .width = 100, .height = 50, .x_low = 0, .x_high = 100000, .y_low = 0, .y_high = 10};
  std::vector<double> x(100000), y(100000, 1);
  std::iota(x.begin(), x.end(), 0);
  y[43210] = 10;
  const auto runs = points_of(plot, x, y);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_LT(runs[0].size(), 900u);
  double highest = 50;
  for (const Point& point : runs[0]) highest = std::min(highest, point.y);
  EXPECT_DOUBLE_EQ(highest, 0) << "y = 10 is the top of the plot";
}

TEST(PointsOf, BreaksAtGaps) {
  const Plot plot{.left = 0, .top = 0, .width = 100, .height = 50, .x_low = 0, .x_high = 4, .y_low = 0, .y_high = 1};
  const double gap = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x{0, 1, 2, 3, 4}, y{0.1, 0.2, gap, 0.4, 0.5};
  const auto runs = points_of(plot, x, y);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].size(), 2u);
  EXPECT_EQ(runs[1].size(), 2u);
}

}  // namespace
}  // namespace ruska::report
