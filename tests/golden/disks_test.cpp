// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Disks of 5 px radius and 500 counts, drawn here without any of ruska's own code: found, and where.
#include "ruska/ops/diffraction/disks/disks.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/disk_list.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t side = 128, patterns = 120;
constexpr double radius = 5, background = 0.02;

struct Truth {
  double y, x;
};

/// A turned square lattice, each disk moved by up to a pixel; outer ones missing at random.
std::vector<Truth> truth_of(std::uint64_t p) {
  Random random(11, "disks", p);
  std::vector<Truth> disks;
  for (int h = -2; h <= 2; ++h) {
    for (int k = -2; k <= 2; ++k) {
      if ((h != 0 || k != 0) && random.uniform() < 0.2) continue;
      disks.push_back(
          {64.3 + 19 * h + 5 * k + 2 * random.uniform() - 1, 63.8 - 5 * h + 19 * k + 2 * random.uniform() - 1});
    }
  }
  return disks;
}

/// Poisson counts; a pixel is the mean of 10 × 10 points of sharp discs, so that its own size is all the blur there is.
Dataset simulated(double counts) {
  std::vector<std::uint16_t> values;
  const double height = counts / (3.14159265358979 * radius * radius);
  for (std::int64_t p = 0; p < patterns; ++p) {
    std::vector<double> mean(static_cast<std::size_t>(side * side), background);
    for (const Truth& disk : truth_of(static_cast<std::uint64_t>(p))) {
      for (auto y = static_cast<std::int64_t>(disk.y - 7); y <= static_cast<std::int64_t>(disk.y + 7); ++y) {
        for (auto x = static_cast<std::int64_t>(disk.x - 7); x <= static_cast<std::int64_t>(disk.x + 7); ++x) {
          int inside = 0;
          for (int i = 0; i < 100; ++i) {
            const double dy = static_cast<double>(y) + (i / 10 - 4.5) / 10 - disk.y;
            const double dx = static_cast<double>(x) + (i % 10 - 4.5) / 10 - disk.x;
            inside += dy * dy + dx * dx < radius * radius ? 1 : 0;
          }
          mean[static_cast<std::size_t>(y * side + x)] += height * inside / 100;
        }
      }
    }
    for (std::size_t i = 0; i < mean.size(); ++i) {
      Random random(12, "counts", static_cast<std::uint64_t>(p) * mean.size() + i);
      values.push_back(static_cast<std::uint16_t>(random.poisson(mean[i])));
    }
  }
  Description description;
  description.axes = {{.name = "x", .role = Role::navigation, .size = patterns},
                      {.name = "ky", .role = Role::signal, .size = side},
                      {.name = "kx", .role = Role::signal, .size = side}};
  return Dataset::from_values<std::uint16_t>(std::move(description), values);
}

struct Score {
  double recall = 0, precision = 0, rms = 0, within = 0;
};

Score score(const Dataset& data, const Json& params) {
  Context context;
  context.threads = 2;
  const Outputs outputs = execute(disks_operation(), {{"data", data}}, params, context).outputs;
  const DiskLists lists = read_disks(outputs.dataset("disks"), {0, patterns});
  const Shape shape = outputs.dataset("disks_sigma").describe().shape();
  const std::vector<double> sigma = outputs.dataset("disks_sigma").read_all_as_double();
  double placed = 0, right = 0, square = 0, within = 0;
  for (std::int64_t p = 0; p < patterns; ++p) {
    const auto truth = truth_of(static_cast<std::uint64_t>(p));
    const auto found = lists.at(static_cast<std::size_t>(p));
    placed += static_cast<double>(truth.size());
    for (std::size_t d = 0; d < found.size(); ++d) {
      for (const Truth& one : truth) {
        const double dy = found[d].ky - one.y, dx = found[d].kx - one.x;
        if (std::hypot(dy, dx) > 1) continue;
        right += 1;
        square += dy * dy + dx * dx;
        const double* const s = sigma.data() + (static_cast<std::size_t>(p * shape[1]) + d) * 2;
        within += (std::abs(dy) < s[0] ? 0.5 : 0) + (std::abs(dx) < s[1] ? 0.5 : 0);
      }
    }
  }
  return {right / placed, right / static_cast<double>(lists.disks.size()), std::sqrt(square / (2 * right)),
          within / right};
}

/// What no unbiased estimate of a disk's place along an axis can beat, averaged over places within a pixel:
/// Cramér and Rao's bound, 1/σ² = Σ (∂µ/∂x)² / µ.
double bound(double counts) {
  const double height = counts / (3.14159265358979 * radius * radius);
  const auto covered = [](double y, double x, double center_y, double center_x) {
    int inside = 0;
    for (int i = 0; i < 1600; ++i) {
      const double dy = y + (i / 40 - 19.5) / 40 - center_y, dx = x + (i % 40 - 19.5) / 40 - center_x;
      inside += dy * dy + dx * dx < radius * radius ? 1 : 0;
    }
    return inside / 1600.0;
  };
  double sum = 0;
  constexpr int places = 16;
  for (std::uint64_t place = 0; place < places; ++place) {
    Random random(13, "bound", place);
    const double center_y = random.uniform(), center_x = random.uniform(), step = 0.04;
    double information = 0;
    for (int y = -7; y <= 8; ++y) {
      for (int x = -7; x <= 8; ++x) {
        const double mean = height * covered(y, x, center_y, center_x) + background;
        const double slope =
            height * (covered(y, x, center_y, center_x + step) - covered(y, x, center_y, center_x - step)) / (2 * step);
        information += slope * slope / mean;
      }
    }
    sum += 1 / std::sqrt(information);
  }
  return sum / places;
}

TEST(Disks, FiveHundredCounts) {
  const Dataset data = simulated(500);
  const double least = bound(500);
  std::printf("no estimate can be better than %.4f px\n", least);
  EXPECT_NEAR(least, 0.051, 0.003);  // it is between 0.046 and 0.058 as the disk lies to the pixels
  for (const auto& [position, most] : {std::pair{"likelihood", 1.12}, {"upsampling", 1.6}, {"parabola", 1.7}}) {
    const Score got = score(data, {{"blur", 0.0}, {"position", position}});
    std::printf("%s: recall %.4f precision %.4f rms %.4f px per axis, %.3f within σ\n", position, got.recall,
                got.precision, got.rms, got.within);
    EXPECT_GE(got.recall, 0.98);
    EXPECT_GE(got.precision, 0.98);
    EXPECT_LE(got.rms, most * least);
    if (std::string(position) == "likelihood") {
      EXPECT_NEAR(got.within, 0.683, 0.05);
    }
  }
}

TEST(Disks, FewAndManyCounts) {
  for (const double counts : {100.0, 600.0, 2000.0, 20000.0}) {
    const Score got = score(simulated(counts), {{"blur", 0.0}});
    const double least = bound(counts);
    std::printf("%g counts: recall %.4f precision %.4f rms %.4f px per axis (bound %.4f), %.3f within σ\n", counts,
                got.recall, got.precision, got.rms, least, got.within);
    EXPECT_GE(got.recall, 0.98);
    EXPECT_GE(got.precision, 0.98);
    EXPECT_LE(got.rms, std::hypot(1.2 * least, 0.01));  // the shape's sampling leaves a hundredth of a pixel
    EXPECT_NEAR(got.within, 0.683, 0.07);
  }
}

TEST(Disks, ABlurThatIsNotKnownCostsLittle) {
  const Score got = score(simulated(500), Json::object());
  EXPECT_GE(got.recall, 0.98);
  EXPECT_GE(got.precision, 0.98);
  EXPECT_LE(got.rms, 1.3 * bound(500));
}

}  // namespace
}  // namespace ruska::ops::diffraction
