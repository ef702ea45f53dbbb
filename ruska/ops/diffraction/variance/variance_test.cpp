// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/variance/variance.hpp"

#include <cmath>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"

namespace ruska::ops::diffraction {
namespace {

template <class T>
Dataset frames(std::int64_t number, std::int64_t height, std::int64_t width, const std::vector<T>& values) {
  Description description;
  description.axes = {{.name = "position", .role = Role::navigation, .size = number},
                      {.name = "ky", .role = Role::signal, .size = height},
                      {.name = "kx", .role = Role::signal, .size = width}};
  return Dataset::from_values<T>(description, values);
}

Outputs run(const Inputs& inputs, const Json& params) {
  Context context;
  context.threads = 2;
  return execute(variance_operation(), inputs, params, context).outputs;
}
Outputs run(const Dataset& data, const Json& params) { return run(Inputs{{"data", data}}, params); }

std::vector<double> values(const Outputs& outputs, const char* name) {
  return outputs.dataset(name).read_all_as_double();
}

TEST(Variance, SmallExactAnswers) {
  // One pixel of 1, 3, 1, 3: mean 2, unbiased variance 4/3, mean square less its own variance 4 − 1/3.
  const Dataset data = frames<float>(4, 1, 1, {1, 3, 1, 3});
  const Json given{{"center_x", 0}, {"center_y", 0}, {"step", 2}, {"noise", "none"}};
  const auto variance = values(run(data, given), "variance");
  EXPECT_NEAR(variance[0], 4.0 / 11, 1e-14);
  EXPECT_NEAR(variance[1], 0.25, 1e-14);
  EXPECT_NEAR(variance[2], 4.0 / 11, 1e-14);
  Json counts = given;
  counts["noise"] = "counts";
  const Outputs corrected = run(data, counts);
  EXPECT_NEAR(values(corrected, "variance")[0], (4.0 / 3 - 2) / (11.0 / 3), 1e-14);
  EXPECT_NEAR(values(corrected, "uncorrected")[0], 4.0 / 11, 1e-14);
  EXPECT_NEAR(values(corrected, "variance_image")[0], (4.0 / 3 - 2) / (11.0 / 3), 1e-14);
}

constexpr std::int64_t side = 20;
constexpr std::int64_t number = 2000;
const Json centred{{"center_x", 9.7}, {"center_y", 9.2}, {"step", 1.5}, {"radius", 9}};

/// Counts of mean 1.5 times a factor of each position and pixel.
Dataset speckle(double shape) {
  std::vector<std::uint16_t> counts;
  for (std::int64_t i = 0; i < number * side * side; ++i) {
    Random random(11, "speckle", static_cast<std::uint64_t>(i));
    // Sums of m exponentials over m have the variance 1/m; m = 0 stands for a constant.
    double factor = shape > 0 ? 0.0 : 1.0;
    for (int m = 0; m < static_cast<int>(shape); ++m) factor -= std::log(random.uniform()) / shape;
    counts.push_back(static_cast<std::uint16_t>(random.poisson(1.5 * factor)));
  }
  return frames<std::uint16_t>(number, side, side, counts);
}

TEST(Variance, CountsAloneGiveZeroWithinTheStandardDeviation) {
  const Outputs outputs = run(speckle(0), centred);
  const auto variance = values(outputs, "variance"), sigma = values(outputs, "variance_sigma"),
             uncorrected = values(outputs, "uncorrected");
  double squares = 0;
  for (std::size_t i = 0; i < variance.size(); ++i) {
    EXPECT_LT(std::abs(variance[i]), 4 * sigma[i]) << i;
    squares += std::pow(variance[i] / sigma[i], 2);
  }
  std::printf("root mean square of V/σ: %.2f\n", std::sqrt(squares / static_cast<double>(variance.size())));
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(variance.size())), 1, 0.45);
  EXPECT_NEAR(uncorrected[2], 1 / 1.5, 0.05);
}

TEST(Variance, SpeckleOfKnownVarianceIsFound) {
  for (const double m : {1.0, 4.0}) {
    const Outputs outputs = run(speckle(m), centred);
    const auto variance = values(outputs, "variance"), sigma = values(outputs, "variance_sigma");
    const auto area = values(outputs, "counts");
    const std::size_t rings = variance.size() / 3;
    for (std::size_t b = 1; b < rings; ++b) {
      EXPECT_NEAR(variance[b], 1 / m, 4 * sigma[b] + 0.01 / m) << b;
      EXPECT_NEAR(variance[rings + b], 1 / m, 4 * sigma[rings + b]) << b;
      // The mean of n independent pixels varies n times less; pixels that are shared out make fewer of them.
      const double pixels = area[b] / 1.5;
      EXPECT_LT(variance[2 * rings + b], 1 / m / pixels + 4 * sigma[2 * rings + b]) << b;
      EXPECT_GT(variance[2 * rings + b], 0.4 / m / pixels - 4 * sigma[2 * rings + b]) << b;
    }
  }
}

TEST(Variance, AHotPixelThatTheMaskKnowsDoesNoHarmAndTheCalibrationIsRead) {
  const Dataset sound = speckle(2);
  const Shape shape = sound.describe().shape();
  std::vector<std::uint16_t> counts = sound.read_all<std::uint16_t>();
  std::vector<std::uint8_t> bad(static_cast<std::size_t>(shape[1] * shape[2]));
  const std::size_t hot = bad.size() / 2 + 5;
  bad[hot] = 1;
  for (std::size_t p = hot; p < counts.size(); p += bad.size()) counts[p] = static_cast<std::uint16_t>(p % 60000);
  Description image;
  image.axes = {{.name = "y", .size = shape[1]}, {.name = "x", .size = shape[2]}};
  const Dataset mask = Dataset::from_values<std::uint8_t>(image, bad);
  const Outputs clean = run({{"data", sound}, {"mask", mask}}, centred);
  const Outputs masked =
      run({{"data", Dataset::from_values<std::uint16_t>(sound.describe(), counts)}, {"mask", mask}}, centred);
  EXPECT_EQ(values(masked, "variance"), values(clean, "variance"));
  // The same centre from a calibration, which brings its unit along.
  Description description = sound.describe();
  Json params = centred;
  const double x = params["center_x"].get<double>(), y = params["center_y"].get<double>();
  params.erase("center_x");
  params.erase("center_y");
  set_calibration(description.metadata, {.origin = OriginCalibration{.x = {x}, .y = {y}, .scan = {shape[0]}},
                                         .pixel_size = PixelSizeCalibration{0.2, 0.001, "1/nm", "Au"}});
  const Outputs calibrated =
      run(Inputs{{"data", Dataset::from_values<std::uint16_t>(description, sound.read_all<std::uint16_t>())},
                 {"mask", mask}},
          params);
  EXPECT_EQ(values(calibrated, "variance"), values(clean, "variance"));
  EXPECT_EQ(calibrated.dataset("variance").describe().axes.back().units, "1/nm");
}

TEST(Variance, WrongInputsAreNamed) {
  EXPECT_THROW(run(frames<float>(3, 1, 1, {1, 1, 1}), centred), Error);
  EXPECT_THROW(run(frames<float>(4, 1, 1, {1, 1, -1, 1}), Json{{"center_x", 0}, {"center_y", 0}, {"noise", "counts"}}),
               Error);
}

}  // namespace
}  // namespace ruska::ops::diffraction
