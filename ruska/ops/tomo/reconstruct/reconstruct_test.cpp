// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/tomo/reconstruct/reconstruct.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/ops/tomo/reconstruct/slice_projector.hpp"

namespace ruska::ops::tomo {
namespace {

constexpr std::int64_t width = 41;

std::vector<double> tilts(int number) {
  std::vector<double> degrees;
  for (int i = 0; i < number; ++i) degrees.push_back(-90 + 180.0 * i / number);
  return degrees;
}

/// Analytic projections of a disc of density 2 and radius 6 about (x, z) = (5, −4) from the axis, in every row.
Dataset disc_series(const std::vector<double>& degrees, std::int64_t rows, bool along_y = true, double noise = 0) {
  std::vector<float> values;
  const auto at = [&](double degree, std::int64_t across) {
    const double angle = degree / 180 * std::numbers::pi;
    const double t = static_cast<double>(across) - static_cast<double>(width - 1) / 2;
    const double distance = t - 5 * std::cos(angle) + 4 * std::sin(angle);
    return 2 * 2 * std::sqrt(std::max(0.0, 36 - distance * distance));
  };
  for (const double degree : degrees) {
    for (std::int64_t i = 0; i < rows * width; ++i) {
      const std::int64_t across = along_y ? i % width : i / rows;
      Random random(3, "tilt noise", values.size());
      values.push_back(static_cast<float>(at(degree, across) + noise * random.normal()));
    }
  }
  Description description;
  description.title = "disc";
  description.axes = {{.name = "tilt",
                       .units = "°",
                       .role = Role::navigation,
                       .size = static_cast<std::int64_t>(degrees.size()),
                       .values = degrees},
                      {.name = "y", .role = Role::signal, .size = along_y ? rows : width},
                      {.name = "x", .role = Role::signal, .size = along_y ? width : rows}};
  return Dataset::from_values<float>(std::move(description), values);
}

double truth(std::int64_t z, std::int64_t x) {
  const double middle = static_cast<double>(width - 1) / 2;
  return std::hypot(static_cast<double>(x) - middle - 5, static_cast<double>(z) - middle + 4) < 6 ? 2 : 0;
}

/// Root mean square error over the mean square of the truth, of voxels off the disc's edge.
double error_of(const Volume& volume, std::int64_t rows, std::int64_t row, bool along_y = true) {
  const double middle = static_cast<double>(width - 1) / 2;
  double squares = 0, expected = 0;
  for (std::int64_t z = 0; z < width; ++z) {
    for (std::int64_t x = 0; x < width; ++x) {
      const double edge = std::hypot(static_cast<double>(x) - middle - 5, static_cast<double>(z) - middle + 4) - 6;
      if (std::abs(edge) < 1.5) continue;
      const std::int64_t at = along_y ? (z * rows + row) * width + x : (z * width + x) * rows + row;
      squares += std::pow(static_cast<double>(volume.values[static_cast<std::size_t>(at)]) - truth(z, x), 2);
      expected += std::pow(truth(z, x), 2);
    }
  }
  return std::sqrt(squares / expected);
}

TEST(Tomo, BackProjectionIsTheTransposeOfProjection) {
  const SliceProjector projector(9, {0.1, 0.9, -1.2, 2.5}, 3.7);
  std::vector<float> slices(static_cast<std::size_t>(projector.voxels() * lanes)), back(slices.size());
  std::vector<float> projections(static_cast<std::size_t>(projector.bins() * lanes)), forward(projections.size());
  for (std::size_t i = 0; i < slices.size(); ++i) slices[i] = static_cast<float>(Random(1, "a", i).normal());
  for (std::size_t i = 0; i < projections.size(); ++i) projections[i] = static_cast<float>(Random(1, "b", i).normal());
  projector.forward(slices, forward);
  projector.back(projections, back);
  EXPECT_NEAR(std::inner_product(forward.begin(), forward.end(), projections.begin(), 0.0),
              std::inner_product(slices.begin(), slices.end(), back.begin(), 0.0), 1e-3);
}

TEST(Tomo, AnEvenDiscProjectsToItsChordsAtEveryAngle) {
  constexpr std::int64_t wide = 101;
  std::vector<double> angles;
  for (int i = 0; i < 36; ++i) angles.push_back(i * std::numbers::pi / 36 + 0.01);
  const SliceProjector projector(wide, angles, 50);
  std::vector<float> slices(static_cast<std::size_t>(projector.voxels() * lanes));
  std::vector<float> projections(static_cast<std::size_t>(projector.bins() * lanes));
  for (std::int64_t voxel = 0; voxel < projector.voxels(); ++voxel) {
    const double distance = std::hypot(static_cast<double>(voxel % wide - 50), static_cast<double>(voxel / wide - 50));
    slices[static_cast<std::size_t>(voxel * lanes)] = static_cast<float>(std::clamp(40.5 - distance, 0.0, 1.0));
  }
  projector.forward(slices, projections);
  for (std::int64_t angle = 0; angle < projector.angles(); ++angle) {
    for (std::int64_t t = -25; t <= 25; ++t) {
      const double chord = 2 * std::sqrt(40.0 * 40 - static_cast<double>(t * t));
      const float got = projections[static_cast<std::size_t>((angle * wide + t + 50) * lanes)];
      EXPECT_NEAR(static_cast<double>(got), chord, 0.004 * chord) << "angle " << angle << ", bin " << t;
    }
  }
}

TEST(Tomo, BothMethodsFindTheDiscWithItsDensity) {
  Context context;
  for (const char* method : {"sirt", "fbp"}) {
    ReconstructParams params;
    params.method = method;
    const Volume volume = reconstruct(disc_series(tilts(60), 3), nullptr, params, context);
    for (std::int64_t row = 0; row < 3; ++row) EXPECT_LT(error_of(volume, 3, row), 0.08) << method << row;
    if (params.method == "sirt") {
      EXPECT_LT(volume.misfit.at(0), 0.06);  // the edge of the disc runs through voxels
    }
  }
}

TEST(Tomo, TheAxisMayLieAlongX) {
  Context context;
  ReconstructParams params;
  params.axis = "x";
  const Volume volume = reconstruct(disc_series(tilts(60), 3, false), nullptr, params, context);
  EXPECT_LT(error_of(volume, 3, 1, false), 0.08);
}

TEST(Tomo, TotalVariationHelpsAgainstNoiseAndFewTilts) {
  Context context;
  ReconstructParams params;
  params.iterations = 150;
  const Dataset noisy = disc_series(tilts(20), 1, true, 1.5);
  const double plain = error_of(reconstruct(noisy, nullptr, params, context), 1, 0);
  params.total_variation = 0.05;
  const double smooth = error_of(reconstruct(noisy, nullptr, params, context), 1, 0);
  EXPECT_LT(smooth, 0.6 * plain);
}

TEST(Tomo, StandardDeviationsAreTheScatter) {
  // Sixty rows of the same disc with noise 1: the scatter over rows against the deviations told.
  constexpr std::int64_t rows = 60;
  Context context;
  const std::vector<double> degrees = tilts(45);
  const Dataset noisy = disc_series(degrees, rows, true, 1);
  const Dataset sigma = Dataset::from_values<float>(
      noisy.describe(), std::vector<float>(static_cast<std::size_t>(count(noisy.describe().shape())), 1.0f));
  for (const char* method : {"fbp", "sirt"}) {
    ReconstructParams params;
    params.method = method;
    params.non_negative = false;
    params.iterations = 20;
    params.replicates = 12;
    const Volume volume = reconstruct(noisy, &sigma, params, context);
    double scatter = 0, told = 0;
    for (std::int64_t z = 10; z < 31; ++z) {
      for (std::int64_t x = 10; x < 31; ++x) {
        double sum = 0, squares = 0;
        for (std::int64_t row = 0; row < rows; ++row) {
          const auto at = static_cast<std::size_t>((z * rows + row) * width + x);
          sum += volume.values[at];
          squares += std::pow(static_cast<double>(volume.values[at]), 2);
          told += std::pow(static_cast<double>(volume.sigma[at]), 2) / rows;
        }
        scatter += (squares - sum * sum / rows) / (rows - 1);
      }
    }
    EXPECT_NEAR(std::sqrt(told / scatter), 1, params.method == "fbp" ? 0.25 : 0.05) << method;
  }
}

TEST(Tomo, RefusesWhatIsNoTiltSeries) {
  Context context;
  ReconstructParams params;
  params.angles = std::vector<double>{0, 1};
  EXPECT_THROW(reconstruct(disc_series(tilts(5), 2), nullptr, params, context), Error);
  params = {};
  params.axis_position = 99;
  EXPECT_THROW(reconstruct(disc_series(tilts(5), 2), nullptr, params, context), Error);
  Description flat;
  flat.axes = {{.name = "frame", .size = 2}, {.name = "y", .size = 2}, {.name = "x", .size = 3}};
  EXPECT_THROW(reconstruct(Dataset::from_values<float>(flat, std::vector<float>(12)), nullptr, {}, context), Error);
}

}  // namespace
}  // namespace ruska::ops::tomo
