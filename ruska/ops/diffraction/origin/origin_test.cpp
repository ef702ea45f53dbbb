// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/origin/origin.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/disc_center.hpp"
#include "ruska/ops/diffraction/origin/surface_fit.hpp"

namespace ruska::ops::diffraction {
namespace {

Outputs run(const Inputs& inputs, const Json& params = Json::object()) {
  Context context;
  context.threads = 2;
  return execute(origin_operation(), inputs, params, context).outputs;
}

Outputs simulated(const Json& params) {
  Context context;
  context.threads = 2;
  return execute(operation("simulate.diffraction_scan"), {}, params, context).outputs;
}

TEST(DiscFinder, CentreIsThatOfADiscOnABackground) {
  const std::int64_t height = 40, width = 50;
  std::vector<double> frame(static_cast<std::size_t>(height * width));
  const Vector truth{23.37, 18.81};
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const double k = std::hypot(static_cast<double>(x) - truth.x, static_cast<double>(y) - truth.y);
      frame[static_cast<std::size_t>(y * width + x)] = 3 + 20 / (1 + std::exp((k - 5.5) / 0.4));
    }
  }
  const DiscCenter center = DiscFinder(height, width, 5.5).find(frame);
  ASSERT_TRUE(center.found);
  EXPECT_NEAR(center.at.x, truth.x, 0.01);
  EXPECT_NEAR(center.at.y, truth.y, 0.01);
  EXPECT_FALSE(DiscFinder(height, width, 5.5).find(std::vector<double>(frame.size(), 0.0)).found);
}

TEST(DiscFinder, DeviationIsWhatRepeatedCountsShow) {
  const std::int64_t edge = 32;
  DiscFinder finder(edge, edge, 5);
  int inside = 0;
  const int repeats = 3000;
  for (int i = 0; i < repeats; ++i) {
    std::vector<double> frame;
    for (std::int64_t p = 0; p < edge * edge; ++p) {
      const double k = std::hypot(static_cast<double>(p % edge) - 15.3, static_cast<double>(p / edge) - 16.1);
      Random random(5, "frame", static_cast<std::uint64_t>(i * edge * edge + p));
      frame.push_back(static_cast<double>(random.poisson(0.4 + 3 / (1 + std::exp((k - 5) / 0.4)))));
    }
    const DiscCenter center = finder.find(frame);
    ASSERT_TRUE(center.found);
    inside += std::abs(center.at.x - 15.3) <= center.sigma.x ? 1 : 0;
  }
  EXPECT_NEAR(inside / static_cast<double>(repeats), 0.683, 0.035);
}

TEST(SurfaceFit, RecoversAParabolaAmongOutliers) {
  OriginCalibration truth;
  truth.surface = "parabola";
  truth.x = {20, 0.1, -0.05, 0.004, 0.002, -0.003};
  truth.y = {30, -0.02, 0.08, -0.001, 0.003, 0.002};
  const Shape scan{15, 20};
  std::vector<DiscCenter> centers(300);
  for (std::int64_t p = 0; p < 300; ++p) {
    DiscCenter& center = centers[static_cast<std::size_t>(p)];
    center.found = p % 37 != 0;
    center.at = truth.at_position(p, scan);
    if (p % 9 == 0) center.at = center.at + Vector{7, -5};
  }
  const SurfaceFit fit = fit_surface(centers, scan, "auto");
  EXPECT_EQ(fit.origin.surface, "parabola");
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(fit.origin.x[i], truth.x[i], 1e-6) << i;
    EXPECT_NEAR(fit.origin.y[i], truth.y[i], 1e-6) << i;
  }
}

TEST(SurfaceFit, ALineOfPositionsHasASurfaceToo) {
  std::vector<DiscCenter> centers(12);
  for (std::size_t p = 0; p < 12; ++p) centers[p] = {true, {5 + 0.25 * static_cast<double>(p), 6}, {0.1, 0.1}};
  const SurfaceFit fit = fit_surface(centers, {12}, "plane");
  EXPECT_NEAR(fit.origin.at(11, 0).x, 5 + 0.25 * 11, 1e-9);
  EXPECT_NEAR(fit.origin.at(0, 0).y, 6, 1e-9);
  EXPECT_THROW(fit_surface({DiscCenter{}, DiscCenter{}}, {2}, "constant"), Error);
}

TEST(SurfaceFit, OneCentreIsAsCertainAsItsCounts) {
  const SurfaceFit fit = fit_surface({DiscCenter{true, {12, 13}, {0.2, 0.3}}}, {}, "auto");
  EXPECT_EQ(fit.origin.surface, "constant");
  EXPECT_NEAR(fit.origin.sigma_x, 0.2, 1e-12);
  EXPECT_NEAR(fit.origin.sigma_y, 0.3, 1e-12);
}

TEST(Origin, DescanIsFoundAndItsDeviationIsHonest) {
  // Discs of a few counts, so that noise and not sampling is what is left.
  int inside = 0, all = 0;
  for (int seed = 0; seed < 60; ++seed) {
    const Outputs scan = simulated(Json{{"x", 9},
                                        {"y", 8},
                                        {"detector_x", 36},
                                        {"disc_radius", 4.0},
                                        {"spacing", 15},
                                        {"descan_plane", 1.5},
                                        {"center_x", 17.2},
                                        {"dose", 400},
                                        {"background", 0.02},
                                        {"seed", seed}});
    const Outputs found = run({{"data", scan.dataset("data")}}, {{"surface", "plane"}, {"probe_radius", 4.0}});
    const auto truth = scan.dataset("center").read_all_as_double();
    const auto origin = found.dataset("origin").read_all_as_double();
    const auto sigma = found.dataset("origin_sigma").read_all_as_double();
    for (const std::size_t p : {std::size_t{0}, std::size_t{40}, std::size_t{72}, std::size_t{72 + 40}}) {
      EXPECT_LT(std::abs(origin[p] - truth[p]), 0.3);
      inside += std::abs(origin[p] - truth[p]) <= sigma[p] ? 1 : 0;
      ++all;
    }
  }
  EXPECT_NEAR(static_cast<double>(inside) / all, 0.683, 0.08);
}

TEST(Origin, IsHandedOnInTheMetadataAndReadBack) {
  const Outputs scan = simulated(Json{{"x", 6}, {"y", 5}, {"descan_plane", 1}, {"dose", 20000}});
  const Outputs found = run({{"data", scan.dataset("data")}});
  const Calibration written = calibration_in(found.dataset("calibration").describe().metadata);
  ASSERT_TRUE(written.origin);
  EXPECT_EQ(written.origin->surface, "plane");
  EXPECT_NEAR(written.origin->probe_radius, 3.2, 0.4);
  const Inputs next{{"data", scan.dataset("data")}, {"calibration", found.dataset("calibration")}};
  const Calibration read = calibration_of(next);
  const auto origin = found.dataset("origin").read_all_as_double();
  EXPECT_EQ(read.origin->at_position(17, {5, 6}).x, origin[17]);
  EXPECT_EQ(read.origin->at_position(17, {5, 6}).y, origin[30 + 17]);
}

TEST(Calibration, WrongOnesAreRefused) {
  const Outputs scan = simulated(Json{{"x", 6}, {"y", 5}, {"descan_plane", 1}});
  const Outputs other = simulated(Json{{"x", 7}, {"y", 5}, {"descan_plane", 1}});
  const Outputs larger = simulated(Json{{"x", 6}, {"y", 5}, {"detector_x", 70}});
  const auto message = [&](const Dataset& calibration) -> std::string {
    try {
      calibration_of({{"data", scan.dataset("data")}, {"calibration", calibration}});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(scan.dataset("calibration")), "");
  EXPECT_THAT(message(other.dataset("calibration")), testing::HasSubstr("over a scan of"));
  EXPECT_THAT(message(larger.dataset("calibration")), testing::HasSubstr("frames of"));
  EXPECT_THAT(message(scan.dataset("data")), testing::HasSubstr("holds no calibration"));

  Json metadata;
  set(metadata, "Calibration.diffraction.ellipse.ratio", "wide");
  EXPECT_THROW(calibration_in(metadata), Error);
}

TEST(Calibration, PartsOfThePortComeBeforeTheDatasOwn) {
  Json own, given;
  Calibration calibration;
  calibration.ellipse = EllipseCalibration{1.1, 0.01, 20, 1};
  calibration.pixel_size = PixelSizeCalibration{0.2, 0.001, "1/nm", "Au"};
  set_calibration(own, calibration);
  calibration = {};
  calibration.ellipse = EllipseCalibration{1.3, 0.02, 70, 2};
  calibration.rotation = RotationCalibration{-12.5, 0.3, true, false};
  set_calibration(given, calibration);
  Description description;
  description.axes = {{.size = 2}, {.size = 3}};
  description.metadata = own;
  const Dataset data = Dataset::from_values<double>(description, std::vector<double>(6));
  description.metadata = given;
  const Dataset port = Dataset::from_values<double>(description, std::vector<double>(6));
  const Calibration read = calibration_of({{"data", data}, {"calibration", port}});
  EXPECT_EQ(read.ellipse->ratio, 1.3);
  EXPECT_EQ(read.pixel_size->standard, "Au");
  EXPECT_EQ(read.rotation->angle, -12.5);
  EXPECT_TRUE(read.rotation->transposed);
  EXPECT_FALSE(read.origin.has_value());
}

}  // namespace
}  // namespace ruska::ops::diffraction
