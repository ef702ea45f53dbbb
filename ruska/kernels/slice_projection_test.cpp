// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/slice_projection.hpp"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "ruska/kernels/targets.hpp"

namespace ruska::kernels {
namespace {

constexpr std::int64_t width = 7, voxels = width * width * slice_lanes, bins = (width + 2 * bin_margin) * slice_lanes;

std::vector<float> values(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> result(static_cast<std::size_t>(count));
  for (float& value : result) value = normal(random);
  return result;
}

void expect_near(const std::vector<float>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(static_cast<double>(got[i]), expected[i], 1e-5) << i;
}

TEST(SliceProjection, MeetsItsReferenceOnEveryTarget) {
  const std::vector<float> footprint = values(footprint_steps * footprint_bins, 1), slices = values(voxels, 2);
  const std::vector<float> line = values(bins, 3);
  const auto steps = [](double in_bins) { return std::llround(std::ldexp(in_bins, 32)); };
  const SliceView view{width, steps(-1.9), steps(0.8), steps(0.6), footprint.data()};
  std::vector<double> projected(static_cast<std::size_t>(bins)), back(static_cast<std::size_t>(voxels));
  for (std::int64_t voxel = 0; voxel < width * width; ++voxel) {
    const double place = -1.9 + 0.8 * static_cast<double>(voxel % width) + 0.6 * static_cast<double>(voxel / width);
    const auto nearest = static_cast<std::int64_t>(std::floor(place + 0.5));
    if (nearest < -1 || nearest > width) continue;
    const auto row = static_cast<std::int64_t>((place + 0.5 - static_cast<double>(nearest)) * footprint_steps);
    for (std::int64_t b = 0; b < footprint_bins; ++b) {
      const double share = static_cast<double>(footprint[static_cast<std::size_t>(row * footprint_bins + b)]);
      for (std::int64_t s = 0; s < slice_lanes; ++s) {
        const auto bin = static_cast<std::size_t>((nearest - 1 + b + bin_margin) * slice_lanes + s);
        const auto at = static_cast<std::size_t>(voxel * slice_lanes + s);
        projected[bin] += share * static_cast<double>(slices[at]);
        back[at] += share * static_cast<double>(line[bin]);
      }
    }
  }
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    std::vector<float> out(static_cast<std::size_t>(bins));
    project(view, slices.data(), out.data());
    expect_near(out, projected);
    std::vector<float> across(static_cast<std::size_t>(voxels));
    back_project(view, line.data(), across.data());
    expect_near(across, back);
  });
}

TEST(SliceProjection, VariationFallsAlikeOnEveryTarget) {
  const std::vector<float> slices = values(voxels, 4), inverse = values(slice_lanes, 5);
  const std::vector<float> start_x = values(voxels, 6), start_z = values(voxels, 7);
  const auto at = [](std::int64_t z, std::int64_t x, std::int64_t s) {
    return static_cast<std::size_t>((z * width + x) * slice_lanes + s);
  };
  const auto divergence = [&](std::int64_t z, std::int64_t x, std::int64_t s) {
    double sum = x + 1 < width ? static_cast<double>(start_x[at(z, x, s)]) : 0;
    if (x > 0) sum -= static_cast<double>(start_x[at(z, x - 1, s)]);
    if (z + 1 < width) sum += static_cast<double>(start_z[at(z, x, s)]);
    if (z > 0) sum -= static_cast<double>(start_z[at(z - 1, x, s)]);
    return sum;
  };
  const auto distance = [&](std::int64_t z, std::int64_t x, std::int64_t s) {
    return divergence(z, x, s) -
           static_cast<double>(inverse[static_cast<std::size_t>(s)]) * static_cast<double>(slices[at(z, x, s)]);
  };
  std::vector<double> expected_x, expected_z, lowered;
  for (std::int64_t z = 0; z < width; ++z) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t s = 0; s < slice_lanes; ++s) {
        const double dx = x + 1 < width ? distance(z, x + 1, s) - distance(z, x, s) : 0;
        const double dz = z + 1 < width ? distance(z + 1, x, s) - distance(z, x, s) : 0;
        const double scale = 1 / (1 + 0.125 * std::hypot(dx, dz));
        expected_x.push_back((static_cast<double>(start_x[at(z, x, s)]) + 0.125 * dx) * scale);
        expected_z.push_back((static_cast<double>(start_z[at(z, x, s)]) + 0.125 * dz) * scale);
        lowered.push_back(static_cast<double>(slices[at(z, x, s)]) -
                          static_cast<double>(inverse[static_cast<std::size_t>(s)]) * divergence(z, x, s));
      }
    }
  }
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    std::vector<float> along_x = start_x, along_z = start_z, scratch(slices.size()), out = slices;
    subtract_divergence(width, along_x.data(), along_z.data(), inverse.data(), out.data());
    expect_near(out, lowered);
    lower_variation_step(width, slices.data(), inverse.data(), 0.125f, along_x.data(), along_z.data(), scratch.data());
    expect_near(along_x, expected_x);
    expect_near(along_z, expected_z);
  });
}

}  // namespace
}  // namespace ruska::kernels
