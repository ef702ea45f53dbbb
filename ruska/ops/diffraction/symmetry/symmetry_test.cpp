// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/symmetry/symmetry.hpp"

#include <cmath>
#include <cstdio>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/symmetry/center_search.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t side = 32;

/// Soft discs on a ring, repeated by the group about (y, x), the mirror at `axis` radians; unit sum.
std::vector<double> pattern_of(const PointGroup& group, double y, double x, double axis) {
  constexpr double radius[] = {8, 10.5}, angle[] = {0.35, 0.15}, weight[] = {1, 0.5};
  std::vector<double> pattern(side * side);
  double sum = 0;
  for (std::int64_t p = 0; p < side * side; ++p) {
    double& value = pattern[static_cast<std::size_t>(p)];
    for (std::int64_t k = 0; k < group.order; ++k) {
      for (std::size_t disc = 0; disc < 2; ++disc) {
        for (const double sign : {1.0, -1.0}) {
          if (sign < 0 && !group.mirrors) continue;
          const double at = axis + sign * angle[disc] +
                            2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(group.order);
          const double distance = std::hypot(static_cast<double>(p / side) - y - radius[disc] * std::sin(at),
                                             static_cast<double>(p % side) - x - radius[disc] * std::cos(at));
          value += weight[disc] / (1 + std::exp((distance - 1.6) / 0.35));
        }
      }
    }
    sum += value;
  }
  for (double& value : pattern) value /= sum;
  return pattern;
}

Dataset scan_of(const std::vector<double>& values, std::int64_t height = side, std::int64_t width = side) {
  Description description;
  description.axes = {{.name = "position",
                       .role = Role::navigation,
                       .size = static_cast<std::int64_t>(values.size()) / (height * width)},
                      {.name = "ky", .role = Role::signal, .size = height},
                      {.name = "kx", .role = Role::signal, .size = width}};
  return Dataset::from_values<double>(description, values);
}

Outputs run(const Inputs& inputs, const Json& params) {
  Context context;
  context.threads = 2;
  return execute(symmetry_operation(), inputs, params, context).outputs;
}
Outputs run(const Dataset& data, const Json& params) { return run(Inputs{{"data", data}}, params); }

std::vector<double> values(const Outputs& outputs, const char* name) {
  return outputs.dataset(name).read_all_as_double();
}

TEST(Symmetry, EveryGroupOfANoiselessPatternIsFoundFromACentreAside) {
  for (std::size_t g = 0; g < point_groups.size(); ++g) {
    const PointGroup& group = point_groups[g];
    const Outputs outputs = run(scan_of(pattern_of(group, 15.8, 15.3, 0.2)),
                                Json{{"center_y", 15.4}, {"center_x", 15.6}, {"noise", "none"}, {"mean", "rings"}});
    EXPECT_EQ(values(outputs, "group")[0], static_cast<double>(g)) << group.name;
    EXPECT_GT(values(outputs, "probability")[0], 0.7) << group.name;
    const auto scores = values(outputs, "scores"), center = values(outputs, "center");
    for (std::size_t o = 0; o < rotation_orders.size(); ++o) {
      if (group.order % rotation_orders[o] == 0) {
        EXPECT_GT(scores[o], 0.96) << group.name << " " << rotation_orders[o];
      } else {
        EXPECT_LT(scores[o], 0.8) << group.name << " " << rotation_orders[o];
      }
    }
    if (group.mirrors) {
      EXPECT_GT(scores[4], 0.96) << group.name;
      const double period = 180.0 / static_cast<double>(group.order);
      EXPECT_NEAR(std::remainder(values(outputs, "mirror_angle")[0] - 0.2 * 180 / std::numbers::pi, period), 0, 0.5)
          << group.name;
    }
    if (group.order > 1) {
      EXPECT_NEAR(center[0], 15.3, 0.06) << group.name;
      EXPECT_NEAR(center[1], 15.8, 0.06) << group.name;
    }
    EXPECT_EQ(outputs.find("scores_sigma"), nullptr) << "without counts there is no standard deviation";
  }
}

TEST(Symmetry, ACentreOfSymmetryIsFoundWithAnHonestStandardDeviation) {
  const std::vector<double> pattern = pattern_of(point_groups[7], 15.8, 15.3, 0.2);
  constexpr std::size_t number = 150;
  std::vector<double> counts;
  for (std::size_t i = 0; i < number * pattern.size(); ++i) {
    Random random(2, "symmetry", i);
    counts.push_back(static_cast<double>(random.poisson(1000 * pattern[i % pattern.size()])));
  }
  const Outputs outputs = run(scan_of(counts), Json{{"center_y", 15.5}, {"center_x", 15.5}, {"noise", "counts"}});
  const auto center = values(outputs, "center"), center_sigma = values(outputs, "center_sigma"),
             angle = values(outputs, "mirror_angle"), angle_sigma = values(outputs, "mirror_angle_sigma");
  double squares = 0, angle_squares = 0;
  for (std::size_t p = 0; p < number; ++p) {
    squares += 0.5 * std::pow((center[p] - 15.3) / center_sigma[p], 2);
    squares += 0.5 * std::pow((center[number + p] - 15.8) / center_sigma[number + p], 2);
    angle_squares += std::pow(std::remainder(angle[p] - 0.2 * 180 / std::numbers::pi, 45.0) / angle_sigma[p], 2);
  }
  std::printf("rms of centre/σ %.2f, of angle/σ %.2f\n", std::sqrt(squares / number),
              std::sqrt(angle_squares / number));
  EXPECT_NEAR(std::sqrt(squares / number), 1, 0.35);
  EXPECT_NEAR(std::sqrt(angle_squares / number), 1, 0.35);
}

TEST(Symmetry, AHotPixelAndABeamStopThatTheMaskKnowsDoNoHarm) {
  for (std::size_t g = 0; g < point_groups.size(); ++g) {
    const PointGroup& group = point_groups[g];
    const std::vector<double> sound = pattern_of(group, 15.5, 15.5, 0.2);
    std::vector<double> harmed = sound;
    std::vector<std::uint8_t> bad(side * side);
    for (std::int64_t p = 0; p < side * side; ++p) {
      const bool stop = p % side > 15 && p / side > 14 && p / side < 18;  // from the middle to the right edge
      bad[static_cast<std::size_t>(p)] = stop || p == 8 * side + 9 ? 1 : 0;
      if (stop) harmed[static_cast<std::size_t>(p)] = 0;
    }
    harmed[8 * side + 9] = 1000;
    Description image;
    image.axes = {{.name = "y", .size = side}, {.name = "x", .size = side}};
    const Dataset mask = Dataset::from_values<std::uint8_t>(image, bad);
    const Json params{{"center_y", 15.5}, {"center_x", 15.5}, {"search", 0}, {"noise", "none"}, {"mean", "rings"}};
    const Outputs outputs = run({{"data", scan_of(harmed)}, {"mask", mask}}, params);
    const auto clean = values(run(scan_of(sound), params), "scores"), scores = values(outputs, "scores");
    EXPECT_EQ(values(outputs, "group")[0], static_cast<double>(g)) << group.name;
    // The best mirror of a pattern that has none is whichever its samples happen to favour.
    for (std::size_t o = 0; o < (group.mirrors ? 5u : 4u); ++o) {
      EXPECT_NEAR(scores[o], clean[o], 0.15) << group.name << " " << o;
    }
    for (std::size_t o = 0; o < rotation_orders.size(); ++o) {
      if (group.order % rotation_orders[o] == 0) {
        EXPECT_GT(scores[o], 0.96) << group.name << " " << rotation_orders[o];
      }
    }
  }
}

TEST(Symmetry, EachPositionsCalibratedOriginAndTheEllipseAreTaken) {
  const OriginCalibration origin{.surface = "plane", .x = {13.6, 1.1, 0}, .y = {16.4, -0.4, 0}, .scan = {5}};
  const EllipseCalibration ellipse{1.12, 0.001, 20, 1};
  const PointGroup& group = point_groups[7];  // 4mm
  const std::vector<double> fine = pattern_of(group, 15.5, 15.5, 0.2);
  const auto intensity = [&](Vector from) {  // bilinear, about the middle
    const double y = from.y + 15.5, x = from.x + 15.5;
    if (!(y >= 0 && x >= 0 && y < side - 1 && x < side - 1)) return 0.0;
    const auto iy = static_cast<std::size_t>(y), ix = static_cast<std::size_t>(x);
    const double fy = y - static_cast<double>(iy), fx = x - static_cast<double>(ix);
    const double* const at = fine.data() + iy * side + ix;
    return (1 - fy) * ((1 - fx) * at[0] + fx * at[1]) + fy * ((1 - fx) * at[side] + fx * at[side + 1]);
  };
  std::vector<double> patterns;
  for (std::int64_t p = 0; p < 5; ++p) {
    for (std::int64_t i = 0; i < side * side; ++i) {
      const Vector pixel{static_cast<double>(i % side), static_cast<double>(i / side)};
      patterns.push_back(intensity(ellipse.distortion().inverse() * (pixel - origin.at_position(p, {5}))));
    }
  }
  const Dataset plain = scan_of(patterns);
  Description description = plain.describe();
  set_calibration(description.metadata, {.origin = origin, .ellipse = ellipse, .frame = {side, side}});
  const Json params{{"search", 0}, {"noise", "none"}, {"mean", "rings"}, {"radius", 10.5}};
  const Outputs outputs = run(Dataset::from_values<double>(description, patterns), params);
  const auto groups = values(outputs, "group"), scores = values(outputs, "scores");
  for (std::size_t p = 0; p < 5; ++p) {
    EXPECT_EQ(groups[p], 7) << p;
    EXPECT_GT(scores[2 * 5 + p], 0.93) << p;
  }
  Json still = params;
  still["center_x"] = 15.8;
  still["center_y"] = 15.6;
  const auto wrong = values(run(plain, still), "scores");
  EXPECT_LT(wrong[2 * 5 + 0], 0.8);
}

TEST(Symmetry, TheRadialPartBelongsToTheDiscsMean) {
  const std::vector<double> pattern = pattern_of(point_groups[2], 15.5, 15.5, 0.2);
  Json given{{"center_y", 15.5}, {"center_x", 15.5}, {"search", 0}, {"noise", "none"}, {"mean", "rings"}};
  const double without = values(run(scan_of(pattern), given), "scores")[2];
  given["mean"] = "disc";
  const double with = values(run(scan_of(pattern), given), "scores")[2];
  EXPECT_LT(without, with) << "a pattern turned by 90° keeps its radial profile";
  EXPECT_LT(with, 1);
}

TEST(Symmetry, BinningSumsPixels) {
  const std::vector<double> small = pattern_of(point_groups[3], 15.5, 15.5, 0.2);
  std::vector<double> large(4 * small.size());
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = small[i / 64 / 2 * 32 + i % 64 / 2];
  const Json fine{{"center_y", 15.5}, {"center_x", 15.5}, {"search", 1}, {"noise", "none"}};
  const Json coarse{{"center_y", 31.5}, {"center_x", 31.5}, {"search", 2}, {"noise", "none"}, {"binning", 2}};
  const Outputs a = run(scan_of(small), fine), b = run(scan_of(large, 64, 64), coarse);
  const auto scores = values(a, "scores"), binned = values(b, "scores");
  for (std::size_t o = 0; o < scores.size(); ++o) EXPECT_NEAR(scores[o], binned[o], 1e-6);
  EXPECT_NEAR(values(b, "center")[0], 2 * values(a, "center")[0] + 0.5, 1e-4);
}

TEST(Symmetry, NoContrastIsNoGroup) {
  std::vector<double> constant(2 * side * side, 3.0);
  std::fill(constant.begin(), constant.begin() + side * side, 0.0);
  const Outputs outputs = run(scan_of(constant), Json{{"center_y", 15.5}, {"center_x", 15.5}});
  EXPECT_EQ(values(outputs, "group"), (std::vector<double>{-1, -1}));
  EXPECT_NEAR(values(outputs, "probability")[1], 0.1, 1e-12);
  for (const double score : values(outputs, "scores")) EXPECT_TRUE(std::isnan(score));
}

TEST(Symmetry, WrongInputsAreNamed) {
  const auto message = [&](double value, const Json& params) -> std::string {
    try {
      run(scan_of(std::vector<double>(side * side, value)), params);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(-1, Json{{"center_y", 15.5}, {"center_x", 15.5}, {"noise", "counts"}}),
              testing::HasSubstr("--noise none"));
  EXPECT_THAT(message(1, Json{{"center_y", 1}, {"center_x", 15.5}}), testing::HasSubstr("--center_x"));
  EXPECT_THAT(message(1, Json{{"center_y", 15.5}, {"center_x", 15.5}, {"radius", 15}}), testing::HasSubstr("--radius"));
}

}  // namespace
}  // namespace ruska::ops::diffraction
