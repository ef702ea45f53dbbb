// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/scan.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/scan/bright_disc.hpp"
#include "ruska/ops/diffraction/scan/detectors.hpp"
#include "ruska/ops/diffraction/scan/suspicious_pixels.hpp"

namespace ruska::ops::diffraction {
namespace {

template <class T>
Dataset frames(const Shape& shape, const std::vector<T>& values) {
  Description description;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    description.axes.push_back({.name = "axis " + std::to_string(a),
                                .role = a + 2 < shape.size() ? Role::navigation : Role::signal,
                                .size = shape[a]});
  }
  return Dataset::from_values<T>(description, values);
}

Outputs run(const Inputs& inputs, const Json& params) {
  Context context;
  context.threads = 2;
  return execute(scan_operation(), inputs, params, context).outputs;
}

std::vector<double> values(const Outputs& outputs, const char* name) {
  return outputs.dataset(name).read_all_as_double();
}

const Json one_pixel{{"detectors", {"p=disc:0.5"}}, {"center_x", 1}, {"center_y", 0}};

TEST(Scan, SmallExactSums) {
  // Two frames of 2 × 3 pixels.
  const Dataset data = frames<std::uint16_t>({2, 2, 3}, {1, 2, 3, 4, 5, 65535, 0, 10, 0, 0, 0, 30});
  Json params = one_pixel;
  params["variance"] = true;
  params["radial"] = true;
  const Outputs outputs = run({{"data", data}}, params);
  EXPECT_EQ(outputs.dataset("images").describe().dtype, DType::uint64);
  EXPECT_EQ(values(outputs, "images"), (std::vector<double>{2, 10}));
  EXPECT_EQ(values(outputs, "total"), (std::vector<double>{65550, 40}));
  EXPECT_EQ(values(outputs, "sum"), (std::vector<double>{1, 12, 3, 4, 5, 65565}));
  EXPECT_EQ(values(outputs, "maximum"), (std::vector<double>{1, 10, 3, 4, 5, 65535}));
  EXPECT_EQ(values(outputs, "mean"), (std::vector<double>{0.5, 6, 1.5, 2, 2.5, 32782.5}));
  EXPECT_EQ(values(outputs, "variance"), (std::vector<double>{0.25, 16, 2.25, 4, 6.25, 32752.5 * 32752.5}));
  const auto center = values(outputs, "center_of_mass");
  EXPECT_EQ(center, (std::vector<double>{(2.0 + 2 * 3 + 5 + 2 * 65535.0) / 65550, 70.0 / 40, (4.0 + 5 + 65535) / 65550,
                                         30.0 / 40}));
  // Rings about pixel (0, 1): itself; four at distances 1 and √2.
  EXPECT_EQ(values(outputs, "radial"), (std::vector<double>{2, (1 + 3 + 4 + 5 + 65535) / 5.0, 10, 30 / 5.0}));
}

TEST(Scan, AStoppedRunKeepsTheFramesThatItRead) {
  std::vector<std::uint16_t> counts(64 * 64 * 4);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = static_cast<std::uint16_t>(1 + i % 50);
  const Dataset data = frames<std::uint16_t>({64, 64, 2, 2}, counts);
  const Json params{{"detectors", {"all=disc:9"}}, {"center_x", 0}, {"center_y", 0}};
  const auto whole = values(run({{"data", data}}, params), "total");
  Context context;
  context.threads = 1;
  context.keep_partial = true;
  std::int64_t seen = 0;
  context.on_progress = [&](const Progress&) {
    if (seen++ == 7) context.cancel();
  };
  const Result stopped = execute(scan_operation(), {{"data", data}}, params, context);
  const auto total = values(stopped.outputs, "total"), read = values(stopped.outputs, "positions_read");
  const auto sum = values(stopped.outputs, "sum"), mean = values(stopped.outputs, "mean");
  double frames_read = 0, of_frames = 0;
  for (std::size_t p = 0; p < read.size(); ++p) {
    EXPECT_EQ(total[p], read[p] * whole[p]);
    frames_read += read[p];
    of_frames += total[p];
  }
  EXPECT_GT(frames_read, 0);
  EXPECT_LT(frames_read, 64 * 64);
  EXPECT_EQ(sum[0] + sum[1] + sum[2] + sum[3], of_frames);
  EXPECT_DOUBLE_EQ(mean[0], sum[0] / frames_read);
  EXPECT_THAT(context.warnings(), testing::Contains(testing::HasSubstr("stopped after")));
}

TEST(Scan, DarkGainAndMaskApplyBeforeAnySum) {
  const Dataset data = frames<std::uint8_t>({1, 2, 2}, {10, 20, 30, 255});
  const Inputs inputs{{"data", data},
                      {"dark", frames<std::uint8_t>({2, 2}, {1, 2, 3, 0})},
                      {"gain", frames<double>({2, 2}, {2, 1, 0.5, 1})},
                      {"mask", frames<std::uint8_t>({2, 2}, {0, 0, 0, 1})}};
  const Outputs outputs = run(inputs, Json{{"detectors", {"all=disc:9"}}, {"center_x", 0}, {"center_y", 0}});
  EXPECT_EQ(values(outputs, "sum"), (std::vector<double>{18, 18, 13.5, 0}));
  EXPECT_EQ(values(outputs, "images"), (std::vector<double>{49.5}));
  EXPECT_EQ(values(outputs, "center_of_mass"), (std::vector<double>{18 / 49.5, 13.5 / 49.5}));
}

TEST(Scan, GivenMasksAreBinaryOrWeights) {
  const Dataset data = frames<std::int16_t>({2, 1, 3}, {-1, 2, 3, 4, 5, 6});
  Inputs inputs{{"data", data}, {"detector_masks", frames<std::uint8_t>({2, 1, 3}, {1, 0, 7, 0, 1, 0})}};
  Outputs outputs = run(inputs, Json::object());
  EXPECT_EQ(outputs.dataset("images").describe().dtype, DType::int64);
  EXPECT_EQ(values(outputs, "images"), (std::vector<double>{2, 10, 2, 5}));
  inputs.set("detector_masks", frames<double>({1, 3}, {0.5, 0, 2}));
  outputs = run(inputs, Json::object());
  EXPECT_EQ(values(outputs, "images"), (std::vector<double>{5.5, 14}));
}

TEST(Scan, PositionsWithoutCountsHaveNoCentreOfMass) {
  const Outputs outputs = run({{"data", frames<std::uint8_t>({2, 1, 2}, {0, 0, 1, 1})}}, one_pixel);
  EXPECT_TRUE(std::isnan(values(outputs, "center_of_mass")[0]));
  EXPECT_EQ(values(outputs, "center_of_mass")[1], 0.5);
}

TEST(Scan, WrongInputsAreNamed) {
  const Dataset data = frames<std::uint8_t>({2, 2, 2}, {0, 0, 1, 1, 1, 1, 1, 1});
  const auto message = [&](const Inputs& inputs, const Json& params) -> std::string {
    try {
      run(inputs, params);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << error.what();
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message({{"data", data}, {"dark", frames<double>({2, 1}, {0, 0})}}, one_pixel),
              testing::HasSubstr("dark"));
  EXPECT_THAT(message({{"data", data}, {"detector_masks", frames<double>({2, 1}, {0, 0})}}, one_pixel),
              testing::HasSubstr("detector_masks"));
  for (const char* wrong :
       {"disc:3", "a=disc", "a=disc:x", "a=disc:1:2", "a=disc:-1", "a=annulus:3:2", "a=ring:1:2", "a=segments:1:0:2",
        "a=segments:2.5:0:2", "a=polygon:0:0:1:1", "a=polygon:0:0:1:1:2", "a=disc:1@3", "a=disc:nan", "a=disc:1e999"}) {
    EXPECT_THAT(message({{"data", data}}, Json{{"detectors", {wrong}}, {"center_x", 0}, {"center_y", 0}}),
                testing::HasSubstr(wrong));
  }
  EXPECT_THAT(message({{"data", data}}, Json{{"detectors", {"far=disc:1@50:50"}}, {"center_x", 0}, {"center_y", 0}}),
              testing::HasSubstr("holds no pixel"));
  EXPECT_THAT(
      message({{"data", data}}, Json{{"detectors", {"a=disc:1", "a=disc:2"}}, {"center_x", 0}, {"center_y", 0}}),
      testing::HasSubstr("two detectors"));
}

TEST(Scan, TheDeviationOfTheCentreOfMassIsWhatRepeatedCountsShow) {
  // 2000 counts of one disc each time: the scatter of its centre must be the σ told.
  const std::int64_t repeats = 3000, edge = 24;
  std::vector<std::uint16_t> counts;
  for (std::int64_t p = 0; p < repeats; ++p) {
    for (std::int64_t i = 0; i < edge * edge; ++i) {
      const double distance = std::hypot(static_cast<double>(i / edge) - 12, static_cast<double>(i % edge) - 12);
      Random random(3, "discs", static_cast<std::uint64_t>(p * edge * edge + i));
      counts.push_back(static_cast<std::uint16_t>(random.poisson(distance <= 5 ? 5.0 : 0.1)));
    }
  }
  const Outputs outputs = run({{"data", frames<std::uint16_t>({repeats, edge, edge}, counts)}}, Json::object());
  const auto center = values(outputs, "center_of_mass"), sigma = values(outputs, "center_of_mass_sigma");
  for (std::size_t axis = 0; axis < 2; ++axis) {
    double mean = 0, inside = 0;
    const auto* c = center.data() + axis * static_cast<std::size_t>(repeats);
    const auto* s = sigma.data() + axis * static_cast<std::size_t>(repeats);
    for (std::int64_t p = 0; p < repeats; ++p) mean += c[p] / static_cast<double>(repeats);
    for (std::int64_t p = 0; p < repeats; ++p) inside += std::abs(c[p] - mean) <= s[p] ? 1.0 : 0.0;
    EXPECT_NEAR(inside / static_cast<double>(repeats), 0.683, 0.03);
  }
}

Dataset with_calibration(const Dataset& data, Calibration calibration) {
  Description description = data.describe();
  calibration.frame = description.signal_shape();
  set_calibration(description.metadata, calibration);
  return Dataset::from_values<std::uint16_t>(description, data.read_all<std::uint16_t>());
}

/// 6 × 5 frames of 30 × 28 pixels: a pattern without symmetry about an origin that moves over the scan.
Dataset moving_pattern(const OriginCalibration& origin) {
  std::vector<std::uint16_t> counts;
  for (std::int64_t p = 0; p < 30; ++p) {
    const Vector middle = origin.at_position(p, {6, 5});
    for (std::int64_t i = 0; i < 30 * 28; ++i) {
      const Vector from = Vector{static_cast<double>(i % 28), static_cast<double>(i / 28)} - middle;
      const bool inside = length(from) < 5.3;
      counts.push_back(static_cast<std::uint16_t>(inside ? 20 + std::llround(from.x) + 3 * std::llround(from.y) : 0));
    }
  }
  return frames<std::uint16_t>({6, 5, 30, 28}, counts);
}

TEST(Scan, DetectorsFollowTheOriginByWholePixels) {
  // Two columns to the right per column of the scan, two rows up per row: whole pixels everywhere.
  const OriginCalibration origin{
      .surface = "plane", .x = {9, 2, 0}, .y = {17, 0, -2}, .probe_radius = 5.3, .scan = {6, 5}};
  const Dataset data = moving_pattern(origin);
  const Json detectors{{"detectors", {"bf=disc:3.2", "q=segments:3:1:5:20"}}, {"radial", true}};
  const Outputs followed = run({{"data", with_calibration(data, {.origin = origin})}}, detectors);
  const auto images = values(followed, "images"), radial = values(followed, "radial");
  const auto center = values(followed, "center_of_mass");
  for (std::size_t d = 0; d < 4; ++d) {
    for (std::size_t p = 0; p < 30; ++p) EXPECT_EQ(images[d * 30 + p], images[d * 30]) << d << " " << p;
  }
  for (std::size_t p = 0; p < 30; ++p) {
    EXPECT_NEAR(center[p], center[0], 1e-12);
    EXPECT_NEAR(center[30 + p], center[30], 1e-12);
    for (std::size_t r = 0; r < 6; ++r) EXPECT_DOUBLE_EQ(radial[p * (radial.size() / 30) + r], radial[r]);
  }
  Json stays = detectors;
  stays["follow_origin"] = false;
  const auto at_the_mean = values(run({{"data", with_calibration(data, {.origin = origin})}}, stays), "images");
  EXPECT_NE(at_the_mean[0], images[0]);
  // A centre that is given comes before the calibrated one, at all positions.
  Json given = detectors;
  given["center_x"] = 9;
  given["center_y"] = 17;
  const auto outputs = run({{"data", with_calibration(data, {.origin = origin})}}, given);
  EXPECT_EQ(values(outputs, "images")[0], images[0]);
  EXPECT_NE(values(outputs, "images")[29], images[29]);
  EXPECT_THAT(outputs.summary, testing::Contains(testing::HasSubstr("in place of the calibrated origin")));
}

TEST(Scan, TheCentreOfMassIsToldInTheScansFrameAndUnits) {
  const OriginCalibration origin{.x = {13.25}, .y = {14.5}, .probe_radius = 5.3, .scan = {6, 5}};
  const Dataset data = moving_pattern(origin);
  const auto plain = values(run({{"data", data}}, Json::object()), "center_of_mass");
  Calibration known{.origin = origin,
                    .ellipse = EllipseCalibration{1.21, 0, 0, 0},
                    .pixel_size = PixelSizeCalibration{0.5, 0.001, "1/nm", "Au"},
                    .rotation = RotationCalibration{90, 0.1, false, false}};
  const Outputs outputs = run({{"data", with_calibration(data, known)}}, {{"beam_energy", 200}});
  const auto center = values(outputs, "center_of_mass");
  // The long axis lies along x: x is too long by √1.21. x turns to y, y to −x.
  EXPECT_NEAR(center[30], 0.5 * (plain[0] - 13.25) / 1.1, 1e-12);
  EXPECT_NEAR(center[0], -0.5 * (plain[30] - 14.5) * 1.1, 1e-12);
  const Description& mean = outputs.dataset("mean").describe();
  EXPECT_EQ(mean.axes[1].units, "1/nm");
  EXPECT_NEAR(mean.axes[1].at(13.25), 0, 1e-12);
  const Table& table = outputs.table("detectors");
  EXPECT_EQ(table.columns[3].unit, "mrad");
  EXPECT_NEAR(std::get<std::vector<double>>(table.columns[3].values)[0], 5.3 * 0.5 * 2.50793, 1e-3);
  const Table& summary = outputs.table("calibration_summary");
  EXPECT_THAT(std::get<std::vector<std::string>>(summary.columns[4].values),
              testing::Contains(testing::HasSubstr("180°")));
  EXPECT_THAT(run({{"data", data}}, Json::object()).summary,
              testing::Contains(testing::HasSubstr("diffraction.origin, ellipse, pixel_size and rotation")));
}

TEST(Scan, AnEllipseIsTakenOutOfTheRadialProfileAndOfPhysicalLengths) {
  // A ring of radius 9 that appears stretched along 25°.
  const Matrix distortion = EllipseCalibration{1.3, 0, 25, 0}.distortion();
  std::vector<std::uint16_t> counts;
  for (std::int64_t i = 0; i < 40 * 44; ++i) {
    const Vector from =
        distortion.inverse() * Vector{static_cast<double>(i % 44) - 21.5, static_cast<double>(i / 44) - 19};
    counts.push_back(length(from) > 8 && length(from) < 10 ? 100 : 0);
  }
  const Dataset data = frames<std::uint16_t>({1, 40, 44}, counts);
  const Calibration known{.origin = OriginCalibration{.x = {21.5}, .y = {19}, .probe_radius = 3, .scan = {1}},
                          .ellipse = EllipseCalibration{1.3, 0.01, 25, 1},
                          .pixel_size = PixelSizeCalibration{0.1, 0.001, "1/nm", "Au"}};
  const Outputs outputs =
      run({{"data", with_calibration(data, known)}},
          {{"radial", true}, {"radial_step", 0.1}, {"lengths", "1/nm"}, {"detectors", {"ring=annulus:0.8:1.0"}}});
  const auto radial = values(outputs, "radial");
  EXPECT_EQ(outputs.dataset("radial").describe().axes[1].units, "1/nm");
  EXPECT_EQ(radial[7], 0);
  EXPECT_EQ(radial[8], 100);
  EXPECT_EQ(radial[9], 100);
  EXPECT_EQ(radial[10], 0);
  EXPECT_EQ(values(outputs, "images")[0], values(outputs, "total")[0]);
}

TEST(Detectors, DefinitionsReadBackAsTheyAreWritten) {
  for (const char* text :
       {"bf=disc:3.5", "df=annulus:2:7", "q=segments:4:1:9:45", "roof=polygon:0:0:4:0:2:3", "spot=disc:2@10:-3.25"}) {
    EXPECT_EQ(definition_of(parse_detector(text)), text);
  }
}

TEST(Detectors, SegmentsShareTheRingAmongThem) {
  const FrameGeometry geometry{21, 25, 12, 10};
  const auto ring = make_detectors(parse_detector("r=annulus:3:8"), geometry);
  const auto segments = make_detectors(parse_detector("r=segments:3:3:8:20"), geometry);
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[1].name, "r2");
  for (std::size_t p = 0; p < ring[0].mask.size(); ++p) {
    EXPECT_EQ(ring[0].mask[p], segments[0].mask[p] + segments[1].mask[p] + segments[2].mask[p]);
  }
  EXPECT_EQ(segments[0].mask[10 * 25 + 12 + 5], 0) << "x is at -20 degrees of the first segment";
  EXPECT_EQ(segments[2].mask[10 * 25 + 12 + 5], 1);
  EXPECT_EQ(segments[0].mask[15 * 25 + 12], 1) << "y, downward, is at 90 degrees";
}

TEST(Detectors, LengthsInUnitsOfUnequalPixels) {
  const FrameGeometry geometry{11, 11, 5, 5, {0.5, 0, 0, 1}};
  const auto disc = make_detectors(parse_detector("d=disc:2"), geometry);
  EXPECT_EQ(disc[0].mask[5 * 11 + 9], 1);
  EXPECT_EQ(disc[0].mask[5 * 11 + 10], 0);
  EXPECT_EQ(disc[0].mask[7 * 11 + 5], 1);
  EXPECT_EQ(disc[0].mask[8 * 11 + 5], 0);
}

TEST(BrightDisc, IsFoundAmongHotPixels) {
  const std::int64_t height = 60, width = 80;
  std::vector<double> pattern(static_cast<std::size_t>(height * width), 0.1);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const double distance = std::hypot(static_cast<double>(y) - 25, static_cast<double>(x) - 47);
      pattern[static_cast<std::size_t>(y * width + x)] += 20 / (1 + std::exp((distance - 11) / 0.4));
    }
  }
  pattern[100] = 1e6;
  const BrightDisc disc = find_bright_disc(pattern, height, width, {});
  EXPECT_EQ(disc.x, 47);
  EXPECT_EQ(disc.y, 25);
  EXPECT_NEAR(disc.radius, 11, 0.3);
  for (std::int64_t i = 0; i < 8; ++i) pattern[static_cast<std::size_t>((5 + i) * width + 5)] = 19;
  for (std::int64_t i = 0; i < 64; ++i) pattern[static_cast<std::size_t>((48 + i / 8) * width + 5 + i % 8)] = 18;
  const BrightDisc alone = find_bright_disc(pattern, height, width, {});
  EXPECT_EQ(alone.x, 47) << "another disc draws the centre away";
  EXPECT_NEAR(alone.radius, 11, 0.3);
  EXPECT_THROW(find_bright_disc(std::vector<double>(12, 0.0), 3, 4, {}), Error);
}

TEST(SuspiciousPixels, HotAndDeadOnesAreToldFromNoise) {
  const std::int64_t edge = 64;
  std::vector<double> sum;
  for (std::int64_t i = 0; i < edge * edge; ++i) {
    Random random(1, "pattern", static_cast<std::uint64_t>(i));
    sum.push_back(static_cast<double>(random.poisson(400.0 + 10 * static_cast<double>(i % edge))));
  }
  EXPECT_TRUE(find_suspicious_pixels(sum, edge, edge, {}, 8).empty());
  sum[10 * edge + 20] += 900;
  sum[40 * edge + 5] = 0;
  sum[41 * edge + 5] = 0;
  std::vector<std::uint8_t> left_out(sum.size(), 0);
  left_out[41 * edge + 5] = 1;
  const auto found = find_suspicious_pixels(sum, edge, edge, left_out, 8);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].x, 20);
  EXPECT_EQ(found[0].y, 10);
  EXPECT_GT(found[0].excess, 8);
  EXPECT_EQ(found[1].y, 40);
  EXPECT_LT(found[1].excess, -8);
}

}  // namespace
}  // namespace ruska::ops::diffraction
