// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/disks/disks.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/disk_list.hpp"
#include "ruska/ops/diffraction/disks/disk_finder.hpp"

namespace ruska::ops::diffraction {
namespace {

struct Placed {
  double ky, kx, height;
};

/// Discs of a radius with sharp edges, each pixel the mean of 8 × 8 points, on a background.
std::vector<double> pattern(std::int64_t height, std::int64_t width, double radius, const std::vector<Placed>& disks,
                            double background) {
  std::vector<double> values(static_cast<std::size_t>(height * width), background);
  for (const Placed& disk : disks) {
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        if (std::hypot(static_cast<double>(y) - disk.ky, static_cast<double>(x) - disk.kx) > radius + 1) continue;
        int inside = 0;
        for (int i = 0; i < 64; ++i) {
          const double dy = static_cast<double>(y) + (i / 8 - 3.5) / 8 - disk.ky;
          const double dx = static_cast<double>(x) + (i % 8 - 3.5) / 8 - disk.kx;
          inside += dy * dy + dx * dx < radius * radius ? 1 : 0;
        }
        values[static_cast<std::size_t>(y * width + x)] += disk.height * inside / 64;
      }
    }
  }
  return values;
}

const std::vector<Placed> five{{32, 32, 50}, {32.3, 50.7, 20}, {13.4, 32.2, 10}, {50.6, 20.8, 5}, {20.25, 12.5, 8}};

std::vector<FoundDisk> find(const std::vector<double>& values, std::int64_t height, std::int64_t width,
                            const ProbeShape& shape, DiskFinderSettings settings = {}) {
  settings.spacing = 1.5 * shape.radius();
  settings.edge = shape.radius();
  const DiskFinder finder(shape, height, width, settings, {});
  DiskFinder::Workspace work(finder);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      finder.row(work, y)[x] = static_cast<float>(values[static_cast<std::size_t>(y * width + x)]);
    }
  }
  return finder.find(work);
}

TEST(DiskFinder, FindsNoiseFreeDisksInEveryWay) {
  const std::vector<double> values = pattern(64, 70, 5, five, 0.02);
  for (const DiskPosition position : {DiskPosition::likelihood, DiskPosition::upsampling, DiskPosition::parabola}) {
    for (const auto& [power, smoothing] : {std::pair{1.0, 0.0}, {0.8, 1.0}, {0.0, 2.0}}) {
      SCOPED_TRACE(testing::Message() << "position " << static_cast<int>(position) << ", power " << power);
      const auto found = find(values, 64, 70, ProbeShape::disc(5, 0),
                              {.power = power, .smoothing = smoothing, .relative = 0.02, .position = position});
      ASSERT_GE(found.size(), five.size());
      // Phase correlation leaves weak disks beside strong ones where rounding and neighbours push them.
      const double most = position == DiskPosition::likelihood ? 0.02
                          : power == 0                         ? 1
                          : power == 1                         ? (position == DiskPosition::parabola ? 0.15 : 0.03)
                                                               : 0.2;
      for (const Placed& placed : five) {
        double nearest = 1e9, counts = 0;
        for (const FoundDisk& disk : found) {
          const double distance =
              std::hypot(static_cast<double>(disk.ky) - placed.ky, static_cast<double>(disk.kx) - placed.kx);
          if (distance < nearest) counts = static_cast<double>(disk.intensity);
          nearest = std::min(nearest, distance);
        }
        EXPECT_LT(nearest, most);
        const double expected = placed.height * std::numbers::pi * 25;
        EXPECT_NEAR(counts, expected, (position == DiskPosition::likelihood ? 0.03 : 0.1) * expected);
      }
      if (power == 1) {
        EXPECT_EQ(found.size(), five.size());
      }
    }
  }
}

TEST(DiskFinder, HotPixelsAreNoDisksAndMoveNone) {
  std::vector<double> values = pattern(64, 64, 5, five, 0.02);
  const auto before = find(values, 64, 64, ProbeShape::disc(5, 0));
  for (const auto& [y, x, hot] : {std::tuple{5, 50, 5000.0}, {33, 47, 3000.0}, {60, 60, 65535.0}, {0, 0, 900.0}}) {
    values[static_cast<std::size_t>(y * 64 + x)] += hot;
  }
  const auto after = find(values, 64, 64, ProbeShape::disc(5, 0));
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_NEAR(after[i].ky, before[i].ky, 0.02);
    EXPECT_NEAR(after[i].kx, before[i].kx, 0.02);
  }
  // What the cleaning is for.
  EXPECT_GT(find(values, 64, 64, ProbeShape::disc(5, 0), {.hot = 0}).size(), before.size());
}

TEST(DiskFinder, TakesTheShapeOfAVacuumProbe) {
  // An ellipse off the middle, on a background; its centre of mass is the disks' centre.
  const auto ellipse = [](double dy, double dx) { return std::hypot(dy / 6, dx / 4.5) < 1 ? 1.0 : 0.0; };
  const auto draw = [&](double cy, double cx, double height, double background) {
    std::vector<double> values;
    for (int p = 0; p < 48 * 48; ++p) {
      double sum = 0;
      for (int i = 0; i < 64; ++i) {
        sum += ellipse(p / 48 + (i / 8 - 3.5) / 8 - cy, p % 48 + (i % 8 - 3.5) / 8 - cx) / 64;
      }
      values.push_back(background + height * sum);
    }
    return values;
  };
  const ProbeShape probe = ProbeShape::measured(draw(22.3, 25.6, 900, 5), 48, 48, {});
  EXPECT_NEAR(probe.radius(), std::sqrt(6 * 4.5), 0.2);
  EXPECT_NEAR(probe.at(0, 0), 1, 0.01);
  EXPECT_NEAR(probe.at(5, 0), 1, 0.05);
  EXPECT_NEAR(probe.at(0, 5.5), 0, 0.1);
  for (const DiskPosition position : {DiskPosition::likelihood, DiskPosition::upsampling}) {
    const auto found = find(draw(19.7, 30.1, 40, 0.05), 48, 48, probe, {.position = position});
    ASSERT_EQ(found.size(), 1u);
    // The cubic through its pixels is not quite the ellipse.
    EXPECT_NEAR(found[0].ky, 19.7, 0.08);
    EXPECT_NEAR(found[0].kx, 30.1, 0.08);
  }
}

Dataset scan_of(const std::vector<std::vector<double>>& frames, std::int64_t height, std::int64_t width) {
  std::vector<float> values;
  for (const auto& frame : frames) values.insert(values.end(), frame.begin(), frame.end());
  Description description;
  description.axes = {{.name = "x", .role = Role::navigation, .size = static_cast<std::int64_t>(frames.size())},
                      {.name = "ky", .units = "1/nm", .role = Role::signal, .size = height, .scale = 0.1, .offset = -3},
                      {.name = "kx", .units = "1/nm", .role = Role::signal, .size = width, .scale = 0.1, .offset = -2}};
  return Dataset::from_values<float>(std::move(description), values);
}

TEST(Disks, ListsAreInTheUnitOfTheAxes) {
  const Dataset data = scan_of({pattern(64, 64, 5, five, 0.1), pattern(64, 64, 5, {{30, 30, 20}}, 0.1)}, 64, 64);
  Context context;
  const Outputs outputs = execute(disks_operation(), {{"data", data}}, {{"blur", 0.0}}, context).outputs;
  const Dataset& lists = outputs.dataset("disks");
  EXPECT_NO_THROW(check_disk_list(lists.describe(), "disks"));
  EXPECT_EQ(disk_units(lists.describe()), "1/nm");
  EXPECT_EQ(to_string(lists.describe().shape()), to_string(Shape{2, 5, 3}));
  const DiskLists read = read_disks(lists, {0, 2});
  ASSERT_EQ(read.at(0).size(), 5u);
  ASSERT_EQ(read.at(1).size(), 1u);
  EXPECT_NEAR(read.at(0)[0].ky, -3 + 3.2, 0.002);
  EXPECT_NEAR(read.at(0)[0].kx, -2 + 3.2, 0.002);
  EXPECT_NEAR(read.at(1)[0].ky, 0, 0.002);
  EXPECT_EQ(outputs.dataset("number").read_all_as_double(), (std::vector<double>{5, 1}));
  const std::vector<double> sigma = outputs.dataset("disks_sigma").read_all_as_double();
  EXPECT_GT(sigma[0], 0);
  EXPECT_LT(sigma[0], 0.011);  // the shape's sampling alone
  EXPECT_TRUE(std::isnan(sigma.back()));
  double total = 0, listed = 0;
  for (const double value : outputs.dataset("vector_map").read_all_as_double()) total += value;
  for (const Disk& disk : read.disks) listed += disk.intensity;
  EXPECT_NEAR(total, listed, 1e-4 * listed);
}

TEST(Disks, MaskedPixelsDoNotCount) {
  std::vector<double> values = pattern(64, 64, 5, five, 0.1);
  std::vector<std::uint8_t> mask(values.size());
  // A bright block of bad pixels.
  for (int y = 44; y < 48; ++y) {
    for (int x = 44; x < 48; ++x) {
      values[static_cast<std::size_t>(y * 64 + x)] = 1e6;
      mask[static_cast<std::size_t>(y * 64 + x)] = 1;
    }
  }
  Description description;
  description.axes = {{.name = "ky", .size = 64}, {.name = "kx", .size = 64}};
  Context context;
  const Outputs outputs =
      execute(disks_operation(),
              {{"data", scan_of({values}, 64, 64)}, {"mask", Dataset::from_values<std::uint8_t>(description, mask)}},
              {{"radius", 5.0}}, context)
          .outputs;
  EXPECT_EQ(outputs.dataset("number").read_all_as_double(), (std::vector<double>{5}));
}

TEST(Disks, RefusesAProbeThatDoesNotFit) {
  const Dataset data = scan_of({pattern(64, 64, 5, five, 0.1)}, 64, 64);
  Context context;
  EXPECT_THROW(execute(disks_operation(), {{"data", data}}, {{"radius", 17.0}}, context), Error);
  EXPECT_THROW(
      execute(disks_operation(), {{"data", data}, {"probe", scan_of({{1, 2}}, 1, 2)}}, Json::object(), context), Error);
}

}  // namespace
}  // namespace ruska::ops::diffraction
