// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/simulate/diffraction_scan/diffraction_scan.hpp"

#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"

namespace ruska::ops::simulate {
namespace {

Outputs run(const Json& params) {
  Context context;
  context.threads = 2;
  return execute(diffraction_scan_operation(), {}, params, context).outputs;
}

std::vector<double> values(const Outputs& outputs, const char* name) {
  return outputs.dataset(name).read_all_as_double();
}

TEST(SimulateDiffractionScan, LatticeIsTheClosedFormOfOverlappingDiscs) {
  for (const bool dislocation : {false, true}) {
    const auto data = values(run(Json{{"specimen", "lattice"},
                                      {"dislocation", dislocation},
                                      {"dose", 1},
                                      {"dose_per", "pixel"},
                                      {"noise", false}}),
                             "data");
    ASSERT_EQ(data.size(), 96u * 96 * 24 * 24);
    EXPECT_NEAR(std::accumulate(data.begin(), data.end(), 0.0) / static_cast<double>(data.size()), 1, 1e-5);
    const auto intensity = [&](int y, int x, int ky, int kx) {
      constexpr double strength[] = {1, 0.45, 0.25};
      std::complex<double> wave = 0;
      const double theta = dislocation ? std::atan2(y - 47.3, x - 48.7) : 0.0;
      for (int h = -1; h <= 1; ++h) {
        for (int l = -1; l <= 1; ++l) {
          const int order = std::abs(h) + std::abs(l);
          const double k = std::hypot(ky - 11.5 - 7 * h, kx - 11.5 - 7 * l);
          wave +=
              strength[order] / (1 + std::exp((k - 6.5) / 0.35)) *
              std::polar(1.0, 0.9 * order + 0.012 * k * k + 2 * std::numbers::pi * (h * y + l * x) / 12 + l * theta);
        }
      }
      return std::norm(wave);
    };
    const auto stored = [&](int y, int x, int ky, int kx) {
      return data[static_cast<std::size_t>(((y * 96 + x) * 24 + ky) * 24 + kx)];
    };
    const double scale = stored(0, 0, 12, 12) / intensity(0, 0, 12, 12);
    for (const auto& [y, x, ky, kx] :
         {std::array{3, 5, 8, 15}, std::array{47, 49, 15, 8}, std::array{90, 11, 20, 3}, std::array{60, 70, 11, 4}}) {
      EXPECT_NEAR(stored(y, x, ky, kx), scale * intensity(y, x, ky, kx), 1e-5 * scale);
    }
  }
}

TEST(SimulateDiffractionScan, CountsScatterAboutTheExpectationAsPoissonDoes) {
  for (const double dose : {100.0, 40000.0}) {  // count by count, and pixel by pixel
    Json params{{"dose", dose}, {"background", dose / 1e5}, {"x", 12}, {"y", 12}, {"detector_x", 48}};
    const auto counts = values(run(params), "data");
    params["noise"] = false;
    const auto means = values(run(params), "data");
    double chi_square = 0, expected = 0, used = 0;
    for (std::size_t i = 0; i < means.size(); i += 16) {
      double drawn = 0, mean = 0;  // of sixteen pixels together, so that even the low dose has a normal law
      for (std::size_t j = i; j < i + 16; ++j) {
        drawn += counts[j];
        mean += means[j];
      }
      expected += mean;
      if (mean < 1) continue;
      chi_square += (drawn - mean) * (drawn - mean) / mean;
      ++used;
    }
    ASSERT_GT(used, 1000);
    EXPECT_NEAR(chi_square / used, 1, 5 * std::sqrt(3 / used)) << dose;
    EXPECT_NEAR(expected / 144, dose + dose / 1e5 * 48 * 48, 1e-3 * dose);
  }
}

TEST(SimulateDiffractionScan, DiscsLieWhereTheTruthSays) {
  const Outputs outputs = run(Json{{"noise", false},
                                   {"x", 5},
                                   {"y", 4},
                                   {"detector_x", 120},
                                   {"detector_y", 100},
                                   {"spacing", 24},
                                   {"orientation", 10},
                                   {"strain", 0.04},
                                   {"lattice_rotation", 3},
                                   {"missing_disks", 0.2},
                                   {"descan_plane", 2},
                                   {"descan_parabola", 1},
                                   {"ellipticity", 1.05},
                                   {"ellipse_angle", 30},
                                   {"rotation", 35},
                                   {"transposed", true},
                                   {"dose", 30000}});
  const auto data = values(outputs, "data"), disks = values(outputs, "disks"), lattice = values(outputs, "lattice");
  const std::size_t slots = disks.size() / 20 / 3;
  std::size_t seen = 0, missing = 0;
  for (std::size_t position = 0; position < 20; ++position) {
    for (std::size_t d = 0; d < slots; ++d) {
      const double* const disk = disks.data() + (position * slots + d) * 3;
      missing += std::isnan(disk[0]) ? 1 : 0;
      if (std::isnan(disk[0]) || disk[0] < 10 || disk[1] < 10 || disk[0] > 89 || disk[1] > 109) continue;
      double sum = 0, x_sum = 0, y_sum = 0;
      const auto x0 = static_cast<int>(std::lround(disk[1])), y0 = static_cast<int>(std::lround(disk[0]));
      for (int y = y0 - 9; y <= y0 + 9; ++y) {
        for (int x = x0 - 9; x <= x0 + 9; ++x) {
          const double value = data[position * 12000 + static_cast<std::size_t>(y * 120 + x)];
          sum += value;
          x_sum += value * x;
          y_sum += value * y;
        }
      }
      EXPECT_NEAR(x_sum / sum, disk[1], 0.03) << position << " " << d;
      EXPECT_NEAR(y_sum / sum, disk[0], 0.03) << position << " " << d;
      EXPECT_NEAR(sum, disk[2], 0.03 * disk[2]);
      ++seen;
    }
  }
  EXPECT_GT(seen, 150u);
  EXPECT_GT(missing, 20u);

  // The first lattice vector, brought onto the detector, leads from the centre to a disc.
  const auto calibration = diffraction::calibration_in(outputs.dataset("calibration").describe().metadata);
  const diffraction::Matrix to_detector = calibration.to_scan().inverse();
  int found = 0;
  for (const std::size_t position : {std::size_t{0}, std::size_t{7}, std::size_t{19}}) {
    const auto origin = calibration.origin->at_position(static_cast<std::int64_t>(position), {4, 5});
    const auto at = origin + to_detector * diffraction::Vector{-lattice[position], -lattice[20 + position]};
    double nearest = 1e9;
    for (std::size_t d = 0; d < slots; ++d) {
      const double* const disk = disks.data() + (position * slots + d) * 3;
      if (!std::isnan(disk[0])) nearest = std::min(nearest, std::hypot(disk[1] - at.x, disk[0] - at.y));
    }
    // The disc may be missing here, but then the next one is far away.
    EXPECT_TRUE(nearest < 1e-3 || nearest > 10) << nearest;
    found += nearest < 1e-3 ? 1 : 0;
  }
  EXPECT_GE(found, 2);
}

TEST(SimulateDiffractionScan, StrainIsThePolarPartOfWhatTheLatticeUnderwent) {
  const Outputs outputs = run(Json{{"x", 7},
                                   {"y", 6},
                                   {"detector_x", 32},
                                   {"strain", 0.08},
                                   {"lattice_rotation", 12},
                                   {"lattice_vectors", {9, 1, -2, 8}}});
  const auto lattice = values(outputs, "lattice"), strain = values(outputs, "strain");
  for (std::size_t p = 0; p < 42; ++p) {
    const auto at = [&](const std::vector<double>& of, std::size_t c) { return of[c * 42 + p]; };
    // G F = G_ref with rows of G the lattice vectors, F = R U.
    const diffraction::Matrix u{1 + at(strain, 0), at(strain, 2), at(strain, 2), 1 + at(strain, 1)};
    const diffraction::Matrix f = diffraction::turn(at(strain, 3)) * u;
    const diffraction::Matrix g{at(lattice, 0), at(lattice, 1), at(lattice, 2), at(lattice, 3)};
    const diffraction::Matrix reference = g * f;
    EXPECT_NEAR(reference.xx, 9, 1e-12);
    EXPECT_NEAR(reference.xy, 1, 1e-12);
    EXPECT_NEAR(reference.yx, -2, 1e-12);
    EXPECT_NEAR(reference.yy, 8, 1e-12);
  }
  EXPECT_GT(*std::max_element(strain.begin(), strain.begin() + 42), 0.05);
}

TEST(SimulateDiffractionScan, PatternsHaveTheirPointGroupAndNoHigherOne) {
  const std::size_t edge = 41;
  const auto difference = [&](const char* group, const auto& image) {
    const auto data = values(run(Json{{"specimen", "point_group"},
                                      {"point_groups", {group}},
                                      {"detector_x", edge},
                                      {"x", 1},
                                      {"y", 1},
                                      {"noise", false},
                                      {"seed", 4}}),
                             "data");
    double off = 0, sum = 0;
    for (std::size_t y = 0; y < edge; ++y) {
      for (std::size_t x = 0; x < edge; ++x) {
        const auto [iy, ix] = image(y, x);
        off += std::abs(data[y * edge + x] - data[iy * edge + ix]);
        sum += data[y * edge + x];
      }
    }
    return off / sum;
  };
  const auto quarter = [&](std::size_t y, std::size_t x) { return std::pair{x, edge - 1 - y}; };
  const auto half = [&](std::size_t y, std::size_t x) { return std::pair{edge - 1 - y, edge - 1 - x}; };
  const auto mirror = [&](std::size_t y, std::size_t x) { return std::pair{edge - 1 - y, x}; };
  const auto other = [&](std::size_t y, std::size_t x) { return std::pair{y, edge - 1 - x}; };
  struct Case {
    const char* group;
    bool quarter, half, mirror, other;
  };
  for (const Case& one : {Case{"1", false, false, false, false}, Case{"2", false, true, false, false},
                          Case{"4", true, true, false, false}, Case{"m", false, false, true, false},
                          Case{"2mm", false, true, true, true}, Case{"4mm", true, true, true, true},
                          Case{"3", false, false, false, false}, Case{"3m", false, false, true, false},
                          Case{"6", false, true, false, false}, Case{"6mm", false, true, true, true}}) {
    const auto holds = [](double off) { return off < 1e-5; };
    EXPECT_EQ(holds(difference(one.group, quarter)), one.quarter) << one.group;
    EXPECT_EQ(holds(difference(one.group, half)), one.half) << one.group;
    EXPECT_EQ(holds(difference(one.group, mirror)), one.mirror) << one.group;
    EXPECT_EQ(holds(difference(one.group, other)), one.other) << one.group;
    if (!one.half) {
      EXPECT_GT(difference(one.group, half), 0.2) << one.group;
    }
  }
}

TEST(SimulateDiffractionScan, CentreOfMassOfAPhaseObjectFollowsTheGradientOfTheProbedPhase) {
  for (const double defocus : {0.0, 3.0}) {
    const double step = 0.004;
    const Outputs outputs = run(Json{{"specimen", "phase_object"},
                                     {"noise", false},
                                     {"x", 21},
                                     {"y", 5},
                                     {"step", step},
                                     {"detector_x", 96},
                                     {"disc_radius", 14},
                                     {"orientation", 17},
                                     {"defocus", defocus}});
    const auto data = values(outputs, "data"), phase = values(outputs, "probed_phase");
    const double pixel = outputs.dataset("data").describe().axes[2].scale;
    double largest = 0;
    for (std::size_t x = 1; x < 20; ++x) {
      const double* const pattern = data.data() + (2 * 21 + x) * 96 * 96;
      double sum = 0, x_sum = 0, y_sum = 0;
      for (std::size_t p = 0; p < 96 * 96; ++p) {
        sum += pattern[p];
        x_sum += pattern[p] * (static_cast<double>(p % 96) - 47.5);
        y_sum += pattern[p] * (static_cast<double>(p / 96) - 47.5);
      }
      const double slope_x = (phase[2 * 21 + x + 1] - phase[2 * 21 + x - 1]) / (2 * step) / (2 * std::numbers::pi);
      const double slope_y = (phase[3 * 21 + x] - phase[1 * 21 + x]) / (2 * step) / (2 * std::numbers::pi);
      EXPECT_NEAR(x_sum / sum * pixel, slope_x, 0.003);
      EXPECT_NEAR(y_sum / sum * pixel, slope_y, 0.003);
      largest = std::max({largest, std::abs(slope_x), std::abs(slope_y)});
    }
    EXPECT_GT(largest, 0.03) << "the object must show";
  }
}

TEST(SimulateDiffractionScan, RingOfAnAmorphousFilmIsTheEllipseAskedFor) {
  const auto data = values(run(Json{{"specimen", "amorphous"},
                                    {"noise", false},
                                    {"x", 1},
                                    {"y", 1},
                                    {"speckle", 0},
                                    {"ellipticity", 1.1},
                                    {"ellipse_angle", 0},
                                    {"spacing", 40}}),
                           "data");
  // Height of the ring where the ellipse meets the axes, against a pixel further in and out.
  const auto at = [&](double x, double y) {
    return data[static_cast<std::size_t>(std::lround(63.5 + y)) * 128 +
                static_cast<std::size_t>(std::lround(63.5 + x))];
  };
  const double a = 40 * std::sqrt(1.1), b = 40 / std::sqrt(1.1);
  EXPECT_NEAR(at(a, 0.5) / at(0.5, b), 1, 0.01);
  EXPECT_GT(at(a, 0.5), 1.02 * at(b, 0.5));
  EXPECT_GT(at(0.5, b), 1.02 * at(0.5, a));
}

TEST(SimulateDiffractionScan, FaultyPixelsAreListed) {
  const Outputs outputs = run(Json{{"hot_pixels", 7}, {"dead_pixels", 5}, {"x", 4}, {"y", 4}, {"background", 2.0}});
  const auto data = values(outputs, "data"), faults = values(outputs, "pixel_faults");
  EXPECT_EQ(std::count(faults.begin(), faults.end(), 2.0), 7);
  EXPECT_EQ(std::count(faults.begin(), faults.end(), 1.0), 5);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const double fault = faults[i % faults.size()];
    if (fault == 1) {
      EXPECT_EQ(data[i], 0);
    }
    if (fault == 2) {
      EXPECT_NEAR(data[i], 1000, 6 * std::sqrt(1000.0));
    }
  }
}

TEST(SimulateDiffractionScan, WhatCannotBeIsNamed) {
  const auto message = [](const Json& params) -> std::string {
    try {
      run(params);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << error.what();
      return error.what();
    }
    return "";
  };
  using testing::HasSubstr;
  EXPECT_THAT(message({{"specimen", "point_group"}, {"point_groups", {"5m"}}}), HasSubstr("5m"));
  EXPECT_THAT(message({{"specimen", "point_group"}, {"point_groups", Json::array()}}), HasSubstr("point_groups"));
  EXPECT_THAT(message({{"lattice_vectors", {1, 2, 3}}}), HasSubstr("lattice_vectors"));
  EXPECT_THAT(message({{"lattice_vectors", {10, 2, 20, 4}}}), HasSubstr("lattice_vectors"));
  EXPECT_THAT(message({{"center_x", 5000}}), HasSubstr("center_x"));
  EXPECT_THAT(message({{"dead_pixels", 1 << 20}}), HasSubstr("dead_pixels"));
}

}  // namespace
}  // namespace ruska::ops::simulate
