// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/radial/radial.hpp"

#include <cmath>
#include <numbers>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/radial_bins.hpp"

namespace ruska::ops::diffraction {
namespace {

template <class T>
Dataset frames(const Shape& shape, const std::vector<T>& values, double scale = 1, const std::string& units = "") {
  Description description;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const bool signal = a + 2 >= shape.size();
    description.axes.push_back({.name = "axis " + std::to_string(a),
                                .units = signal ? units : "",
                                .role = signal ? Role::signal : Role::navigation,
                                .size = shape[a],
                                .scale = signal ? scale : 1});
  }
  return Dataset::from_values<T>(description, values);
}

Outputs run(const Inputs& inputs, const Json& params) {
  Context context;
  context.threads = 2;
  return execute(radial_operation(), inputs, params, context).outputs;
}

std::vector<double> values(const Outputs& outputs, const char* name) {
  return outputs.dataset(name).read_all_as_double();
}

TEST(RadialBins, AreaOfASquareInADisc) {
  const std::vector<double> square{-0.5, -0.5, 0.5, -0.5, 0.5, 0.5, -0.5, 0.5};
  EXPECT_NEAR(area_in_disc(square, 0.3), std::numbers::pi * 0.09, 1e-15);
  EXPECT_NEAR(area_in_disc(square, 0.5), std::numbers::pi / 4, 1e-15);
  const double segment = 0.36 * std::acos(0.5 / 0.6) - 0.5 * std::sqrt(0.36 - 0.25);
  EXPECT_NEAR(area_in_disc(square, 0.6), std::numbers::pi * 0.36 - 4 * segment, 1e-15);
  EXPECT_NEAR(area_in_disc(square, 0.75), 1, 1e-15);
  const std::vector<double> quarter{0, 0, 1, 0, 1, 1, 0, 1}, beside{2, -0.5, 3, -0.5, 3, 0.5, 2, 0.5};
  EXPECT_NEAR(area_in_disc(quarter, 1), std::numbers::pi / 4, 1e-15);
  EXPECT_NEAR(area_in_disc(beside, 1.9), 0, 1e-15);
  EXPECT_NEAR(area_in_disc(beside, 4), 1, 1e-14);
}

RadialGeometry tilted_ellipse(std::int64_t sectors) {
  RadialGeometry geometry;
  set_distortion(geometry, 1.2, 0.9, 1.3, 25);
  geometry.center_y = 6.37;
  geometry.center_x = 8.81;
  geometry.step = 0.7;
  geometry.sectors = sectors;
  geometry.rings = rings_to_corner(geometry, 14, 17, {});
  return geometry;
}

TEST(RadialBins, SharesOfAPixelAddUpToOne) {
  for (const std::int64_t sectors : {1, 3, 4, 7, 12}) {
    const RadialGeometry geometry = tilted_ellipse(sectors);
    std::vector<std::uint8_t> left_out(14 * 17);
    left_out[100] = 1;
    const RadialBins bins(geometry, 14, 17, left_out);
    for (std::size_t p = 0; p < left_out.size(); ++p) {
      double sum = 0;
      for (std::int64_t s = bins.start()[p]; s < bins.start()[p + 1]; ++s) {
        sum += bins.shares()[static_cast<std::size_t>(s)].weight;
      }
      EXPECT_NEAR(sum, p == 100 ? 0 : 1, 1e-10) << p;
    }
    EXPECT_NEAR(std::accumulate(bins.area().begin(), bins.area().end(), 0.0), 14 * 17 - 1, 1e-9);
  }
}

TEST(RadialBins, SharesEqualThoseOfManySubpixels) {
  const RadialGeometry g = tilted_ellipse(5);
  const RadialBins bins(g, 14, 17, {});
  constexpr int fine = 200;
  for (const std::size_t p : {6u * 17 + 9, 6u * 17 + 8, 5u * 17 + 9, 0u, 13u * 17 + 4}) {
    std::vector<double> counted(static_cast<std::size_t>(bins.bins())), exact(counted.size());
    for (int i = 0; i < fine * fine; ++i) {
      const double y = static_cast<double>(p / 17) - 0.5 + (i / fine + 0.5) / fine - g.center_y;
      const double x = static_cast<double>(p % 17) - 0.5 + (i % fine + 0.5) / fine - g.center_x;
      const double u = g.xx * x + g.xy * y, v = g.yx * x + g.yy * y;
      double angle = std::atan2(v, u);
      if (angle < 0) angle += 2 * std::numbers::pi;
      const auto sector = static_cast<std::int64_t>(angle / (2 * std::numbers::pi) * 5) % 5;
      const auto ring = static_cast<std::int64_t>(std::hypot(u, v) / g.step);
      counted[static_cast<std::size_t>(ring * 5 + sector)] += 1.0 / (fine * fine);
    }
    for (std::int64_t s = bins.start()[p]; s < bins.start()[p + 1]; ++s) {
      const RadialBins::Share& share = bins.shares()[static_cast<std::size_t>(s)];
      exact[static_cast<std::size_t>(share.bin)] += share.weight;
    }
    for (std::size_t b = 0; b < exact.size(); ++b) EXPECT_NEAR(exact[b], counted[b], 3e-3) << p << " in " << b;
  }
}

TEST(Radial, CountsAreConservedAndTheMeanOfAConstantIsIt) {
  std::vector<std::uint16_t> counts;
  for (std::size_t i = 0; i < 3 * 20 * 23; ++i) counts.push_back(static_cast<std::uint16_t>(i * 7919 % 65536));
  const Json given{{"center_x", 10.3},    {"center_y", 12.9}, {"ellipse_ratio", 1.1},
                   {"ellipse_angle", 40}, {"step", 0.8},      {"value", "sum"}};
  Json in_sectors = given;
  in_sectors["sectors"] = 6;
  const Dataset data = frames<std::uint16_t>({3, 20, 23}, counts);
  for (const Json& params : {given, in_sectors}) {
    const auto sums = values(run({{"data", data}}, params), "profile");
    for (std::size_t f = 0; f < 3; ++f) {
      const double total = std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(f * 460),
                                           counts.begin() + static_cast<std::ptrdiff_t>((f + 1) * 460), 0.0);
      const auto from = sums.begin() + static_cast<std::ptrdiff_t>(f * sums.size() / 3);
      const double binned = std::accumulate(from, from + static_cast<std::ptrdiff_t>(sums.size() / 3), 0.0);
      EXPECT_NEAR(binned / total, 1, 1e-12);
    }
  }
  Json mean = given;
  mean["value"] = "mean";
  const Dataset constant = frames<float>({1, 20, 23}, std::vector<float>(460, 2.5F));
  const Outputs outputs = run({{"data", constant}}, mean);
  const auto profile = values(outputs, "profile"), area = values(outputs, "area");
  for (std::size_t b = 0; b < profile.size(); ++b) {
    if (area[b] > 0) {
      EXPECT_NEAR(profile[b], 2.5, 1e-12);
    }
  }
}

TEST(Radial, AxisIsInTheUnitsOfThePattern) {
  const Dataset data = frames<std::uint8_t>({1, 8, 8}, std::vector<std::uint8_t>(64, 1), 0.25, "1/nm");
  const Json given{{"center_x", 3.5}, {"center_y", 3.5}, {"step", 2}};
  const Axis axis = run({{"data", data}}, given).dataset("mean_profile").describe().axes.back();
  EXPECT_EQ(axis.units, "1/nm");
  EXPECT_DOUBLE_EQ(axis.scale, 0.5);
  EXPECT_DOUBLE_EQ(axis.offset, 0.25);
}

TEST(Radial, AnEllipseThatIsToldBecomesASharpRing) {
  constexpr double ratio = 1.08, angle = 30;
  std::vector<float> pattern;
  for (int i = 0; i < 80 * 80; ++i) {
    const double y = i / 80 - 39.2, x = i % 80 - 40.6, c = std::cos(angle * std::numbers::pi / 180),
                 s = std::sin(angle * std::numbers::pi / 180);
    const double u = (c * x + s * y) / std::sqrt(ratio), v = (c * y - s * x) * std::sqrt(ratio);
    pattern.push_back(static_cast<float>(std::exp(-0.5 * std::pow((std::hypot(u, v) - 25) / 0.8, 2))));
  }
  const Dataset data = frames<float>({1, 80, 80}, pattern);
  const auto peak = [&](double told) {
    const auto profile = values(run({{"data", data}}, Json{{"center_x", 40.6},
                                                           {"center_y", 39.2},
                                                           {"ellipse_ratio", told},
                                                           {"ellipse_angle", angle},
                                                           {"step", 0.5}}),
                                "mean_profile");
    const auto top = std::max_element(profile.begin(), profile.end());
    return std::pair(0.25 + 0.5 * static_cast<double>(top - profile.begin()), *top);
  };
  EXPECT_NEAR(peak(ratio).first, 25, 0.5);
  EXPECT_GT(peak(ratio).second, 0.85);
  EXPECT_LT(peak(1).second, 0.75);
}

TEST(Radial, StandardDeviationsAreThoseOfCounts) {
  constexpr std::size_t number = 400;
  std::vector<std::uint16_t> counts;
  for (std::size_t i = 0; i < number * 16 * 16; ++i) {
    counts.push_back(static_cast<std::uint16_t>(Random(3, "radial", i).poisson(i % 16 < 8 ? 3.0 : 1.0)));
  }
  const Outputs outputs = run({{"data", frames<std::uint16_t>({number, 16, 16}, counts)}},
                              Json{{"center_x", 7.2}, {"center_y", 7.9}, {"radius", 9}});
  const auto profile = values(outputs, "profile"), sigma = values(outputs, "profile_sigma"),
             mean = values(outputs, "mean_profile");
  const std::size_t rings = mean.size();
  double squares = 0;
  for (std::size_t i = 0; i < profile.size(); ++i) {
    if (sigma[i] > 0)
      squares += std::pow(profile[i] - mean[i % rings], 2) / (mean[i % rings] > 0 ? sigma[i] * sigma[i] : 1);
  }
  // Each variance is itself from few counts in the innermost ring; on average over rings it is right.
  EXPECT_NEAR(squares / static_cast<double>(profile.size()), 1, 0.12);
  const auto mean_sigma = values(outputs, "mean_profile_sigma");
  double average = 0;
  for (std::size_t p = 0; p < number; ++p) average += sigma[p * rings + 4] * sigma[p * rings + 4];
  EXPECT_NEAR(mean_sigma[4], std::sqrt(average) / number, 1e-12);
}

TEST(Radial, MaskedPixelsCountNowhere) {
  std::vector<float> pattern(64, 1.0F);
  std::vector<std::uint8_t> mask(64);
  pattern[10] = std::nanf("");
  mask[10] = 1;
  const Outputs outputs =
      run({{"data", frames<float>({1, 8, 8}, pattern)}, {"mask", frames<std::uint8_t>({8, 8}, mask)}},
          Json{{"center_x", 3.5}, {"center_y", 3.5}});
  for (const double value : values(outputs, "mean_profile")) EXPECT_TRUE(value == 0 || std::abs(value - 1) < 1e-12);
  EXPECT_EQ(values(outputs, "mean")[10], 0);
}

/// A ring about an origin that moves by whole pixels over the scan, stretched; a hot pixel that the mask knows.
TEST(Radial, TheCalibrationGivesCentreEllipseAndUnit) {
  const Shape scan{4, 3};
  Calibration known{.origin = OriginCalibration{.surface = "plane", .x = {24.5, 2, -2}, .y = {22, 0, 2}, .scan = scan},
                    .ellipse = EllipseCalibration{1.1, 0.001, 40, 0.5},
                    .pixel_size = PixelSizeCalibration{0.05, 0.0001, "1/nm", "Au"},
                    .frame = {56, 52}};
  const Matrix undistorted = known.ellipse->distortion().inverse();
  std::vector<float> patterns;
  std::vector<std::uint8_t> mask(56 * 52);
  mask[20 * 52 + 30] = 1;
  for (std::int64_t p = 0; p < 12; ++p) {
    for (std::int64_t i = 0; i < 56 * 52; ++i) {
      const Vector from =
          Vector{static_cast<double>(i % 52), static_cast<double>(i / 52)} - known.origin->at_position(p, scan);
      const double off = (length(undistorted * from) - 14) / 0.8;
      patterns.push_back(mask[static_cast<std::size_t>(i)] != 0 ? 1e6F
                                                                : static_cast<float>(std::exp(-0.5 * off * off)));
    }
  }
  const Dataset plain = frames<float>({4, 3, 56, 52}, patterns);
  Description description = plain.describe();
  set_calibration(description.metadata, known);
  const Inputs inputs{{"data", Dataset::from_values<float>(description, patterns)},
                      {"mask", frames<std::uint8_t>({56, 52}, mask)}};
  const Json params{{"radius", 20}, {"step", 0.5}};
  const Outputs outputs = run(inputs, params);
  const auto profile = values(outputs, "profile"), mean = values(outputs, "mean_profile");
  const Axis axis = outputs.dataset("profile").describe().axes.back();
  EXPECT_EQ(axis.units, "1/nm");
  EXPECT_DOUBLE_EQ(axis.scale, 0.025);
  const std::size_t rings = mean.size();
  for (std::size_t p = 0; p < 12; ++p) {
    const auto from = profile.begin() + static_cast<std::ptrdiff_t>(p * rings);
    const auto top = std::max_element(from, from + static_cast<std::ptrdiff_t>(rings));
    EXPECT_NEAR(axis.at(static_cast<double>(top - from)), 0.7, 0.03) << p;
    EXPECT_GT(*top, 0.8) << p;
    EXPECT_LT(*top, 1.0) << "the hot pixel counts at " << p;
  }
  // Parameters come before the calibration.
  Json round = params;
  round["ellipse_ratio"] = 1;
  const auto blurred = values(run(inputs, round), "mean_profile");
  EXPECT_LT(*std::max_element(blurred.begin(), blurred.end()), 0.92 * *std::max_element(mean.begin(), mean.end()));
  Json still = params;
  still["center_x"] = 24.5;
  still["center_y"] = 22;
  const auto first = values(run(inputs, still), "profile");
  EXPECT_NEAR(first[27], profile[27], 1e-9) << "position 0 is where it was";
  EXPECT_LT(*std::max_element(first.end() - static_cast<std::ptrdiff_t>(rings), first.end()), 0.7);
}

TEST(Radial, WrongInputsAreNamed) {
  const Dataset data = frames<std::int16_t>({1, 4, 4}, std::vector<std::int16_t>(16, -1));
  const auto message = [&](const Inputs& inputs, const Json& params) -> std::string {
    try {
      run(inputs, params);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const Json centre{{"center_x", 1.5}, {"center_y", 1.5}};
  EXPECT_THAT(message({{"data", data}}, centre), testing::HasSubstr("--noise none"));
  Json two = centre;
  two["sectors"] = 2;
  EXPECT_THAT(message({{"data", data}}, two), testing::HasSubstr("sectors"));
  Json fine = centre;
  fine["step"] = 0.01;
  fine["radius"] = 1e6;
  EXPECT_THAT(message({{"data", data}}, fine), testing::HasSubstr("--step"));
  EXPECT_THAT(message({{"data", data}, {"mask", frames<std::uint8_t>({2, 2}, {0, 0, 0, 0})}}, centre),
              testing::HasSubstr("mask"));
  EXPECT_THAT(message({{"data", data}}, Json{{"center_x", 500}, {"center_y", 1.5}, {"radius", 5}, {"noise", "none"}}),
              testing::HasSubstr("no pixel"));
}

}  // namespace
}  // namespace ruska::ops::diffraction
