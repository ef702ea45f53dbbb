// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// The chain origin → ellipse → pixel size on simulated films whose camera is known.
#include "ruska/ops/diffraction/calibration.hpp"

#include <cmath>
#include <cstdio>

#include <gtest/gtest.h>

#include "ruska/core/record.hpp"

namespace ruska {
namespace {

Outputs run(const char* name, const Inputs& inputs, const Json& given = Json::object()) {
  Context context;
  context.threads = 2;
  return execute(operation(name), inputs, given, context).outputs;
}

Inputs after(const Dataset& data, const Outputs& step) {
  return {{"data", data}, {"calibration", step.dataset("calibration")}};
}

TEST(GoldenCalibration, OriginAndEllipseOfAFilmWithDescan) {
  double worst_center = 0, worst_ratio = 0, worst_angle = 0;
  int ratio_inside = 0, angle_inside = 0, all = 0;
  for (int seed = 0; seed < 6; ++seed) {
    const double angle = 30.0 * seed + 4;
    const Outputs film = run("simulate.diffraction_scan", {},
                             {{"specimen", "amorphous"},
                              {"x", 6},
                              {"y", 6},
                              {"speckle", 0.05},
                              {"dose", 160000},
                              {"descan_plane", 1.5},
                              {"center_x", 62.7},
                              {"center_y", 64.1},
                              {"ellipticity", 1.06},
                              {"ellipse_angle", angle},
                              {"seed", seed}});
    const Dataset data = film.dataset("data");
    const Outputs origin = run("diffraction.origin", {{"data", data}});
    const auto truth = film.dataset("center").read_all_as_double();
    const auto found = origin.dataset("origin").read_all_as_double();
    for (std::size_t p = 0; p < truth.size(); ++p) {
      worst_center = std::max(worst_center, std::abs(truth[p] - found[p]));
    }
    const Outputs ellipse = run("diffraction.ellipse", after(data, origin));
    const Number ratio = ellipse.number("ratio"), direction = ellipse.number("angle");
    const double off = std::remainder(direction.value - angle, 180);
    worst_ratio = std::max(worst_ratio, std::abs(ratio.value / 1.06 - 1));
    worst_angle = std::max(worst_angle, std::abs(off));
    ratio_inside += std::abs(ratio.value - 1.06) <= *ratio.sigma ? 1 : 0;
    angle_inside += std::abs(off) <= *direction.sigma ? 1 : 0;
    ++all;
    std::printf("a/b %.5f ± %.5f, angle off %.3f ± %.3f°\n", ratio.value, *ratio.sigma, off, *direction.sigma);
  }
  std::printf("worst: centre %.3f px, a/b %.4f %%, angle %.3f°; within σ: %d and %d of %d\n", worst_center,
              100 * worst_ratio, worst_angle, ratio_inside, angle_inside, all);
  EXPECT_LE(worst_center, 0.1);
  EXPECT_LE(worst_ratio, 0.001);
  EXPECT_LE(worst_angle, 0.5);
  EXPECT_GE(ratio_inside + angle_inside, all);
}

TEST(GoldenCalibration, AngleOfAnEllipseLargeEnoughToDefineIt) {
  const Outputs film = run("simulate.diffraction_scan", {},
                           {{"specimen", "amorphous"},
                            {"x", 4},
                            {"y", 4},
                            {"speckle", 0},
                            {"dose", 3.2e6},
                            {"ellipticity", 1.15},
                            {"ellipse_angle", 67.3}});
  const Outputs ellipse = run("diffraction.ellipse", {{"data", film.dataset("data")}});
  const Number ratio = ellipse.number("ratio"), angle = ellipse.number("angle");
  std::printf("a/b %.5f ± %.5f, angle %.3f ± %.3f°\n", ratio.value, *ratio.sigma, angle.value, *angle.sigma);
  EXPECT_NEAR(ratio.value / 1.15, 1, 0.001);
  EXPECT_NEAR(angle.value, 67.3, 0.1);
  EXPECT_LT(*angle.sigma, 0.1);
}

TEST(GoldenCalibration, DeviationOfTheEllipseIsHonest) {
  int inside = 0, all = 0;
  for (int seed = 0; seed < 60; ++seed) {
    const Outputs film = run("simulate.diffraction_scan", {},
                             {{"specimen", "amorphous"},
                              {"x", 3},
                              {"y", 3},
                              {"detector_x", 64},
                              {"speckle", seed % 2 * 0.4},
                              {"dose", 5000},
                              {"ellipticity", 1.1},
                              {"ellipse_angle", 30},
                              {"seed", seed}});
    const Outputs ellipse =
        run("diffraction.ellipse", {{"data", film.dataset("data")}}, {{"inner", 10}, {"outer", 30}});
    const Number ratio = ellipse.number("ratio"), angle = ellipse.number("angle");
    inside += std::abs(ratio.value - 1.1) <= *ratio.sigma ? 1 : 0;
    inside += std::abs(angle.value - 30) <= *angle.sigma ? 1 : 0;
    all += 2;
  }
  std::printf("within σ: %d of %d\n", inside, all);
  EXPECT_NEAR(static_cast<double>(inside) / all, 0.683, 0.12);
}

TEST(GoldenCalibration, PixelSizeOfAGoldFilm) {
  double worst = 0;
  int inside = 0;
  const int repeats = 6;
  for (int seed = 0; seed < repeats; ++seed) {
    const Outputs film = run("simulate.diffraction_scan", {},
                             {{"specimen", "powder"},
                              {"x", 4},
                              {"y", 4},
                              {"dose", 200000},
                              {"speckle", 0.1},
                              {"descan_plane", 1},
                              {"ellipticity", 1.03},
                              {"ellipse_angle", 50},
                              {"convergence_angle", 1.0 + 0.01 * seed},
                              {"seed", seed}});
    const Dataset data = film.dataset("data");
    const Outputs origin = run("diffraction.origin", {{"data", data}});
    const Outputs ellipse = run("diffraction.ellipse", after(data, origin), {{"inner", 21}, {"outer", 28.5}});
    // No size is expected but that three rings fit into the frame.
    const Outputs size = run("diffraction.pixel_size", after(data, ellipse), {{"tolerance", 0.4}});
    const Number found = size.number("pixel_size");
    const double truth = data.describe().axes[3].scale;
    worst = std::max(worst, std::abs(found.value / truth - 1));
    inside += std::abs(found.value - truth) <= *found.sigma ? 1 : 0;
    std::printf("pixel size %.6f ± %.6f, truth %.6f; a/b %.4f at %.2f°\n", found.value, *found.sigma, truth,
                ellipse.number("ratio").value, ellipse.number("angle").value);
    const auto calibration = ops::diffraction::calibration_in(size.dataset("calibration").describe().metadata);
    EXPECT_TRUE(calibration.origin && calibration.ellipse && calibration.pixel_size) << "the steps chain";
  }
  std::printf("worst %.4f %%, within σ %d of %d\n", 100 * worst, inside, repeats);
  EXPECT_LT(worst, 0.002);
  EXPECT_GE(inside, 2);
}

}  // namespace
}  // namespace ruska
