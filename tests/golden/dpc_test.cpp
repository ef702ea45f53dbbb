// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// A graphene-like weak phase object at 60 kV and 30 mrad: origin, rotation and phase against what was simulated.
#include <cmath>
#include <cstdio>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"

namespace ruska {
namespace {

Outputs run(const char* name, const Inputs& inputs, const Json& given) {
  Context context;
  context.threads = 2;
  return execute(operation(name), inputs, given, context).outputs;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double mean_a = 0, mean_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / static_cast<double>(a.size());
    mean_b += b[i] / static_cast<double>(a.size());
  }
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

TEST(GoldenDpc, PhaseOfAGrapheneLikeObject) {
  for (const bool noisy : {false, true}) {
    const Outputs scan = run("simulate.diffraction_scan", {},
                             {{"specimen", "phase_object"},
                              {"noise", noisy},
                              {"dose", 3e5},
                              {"rotation", 23.4},
                              {"transposed", true},
                              {"center_x", 30.8},
                              {"center_y", 32.3}});
    const Dataset data = scan.dataset("data");
    const Outputs rotation = run("diffraction.rotation", {{"data", data}}, {{"contrast", "positive_peaks"}});
    const Number angle = rotation.number("angle");
    EXPECT_NEAR(angle.value, 23.4, 0.5);
    EXPECT_LT(*angle.sigma, 1);
    const auto calibration = ops::diffraction::calibration_in(rotation.dataset("calibration").describe().metadata);
    EXPECT_TRUE(calibration.rotation->transposed);
    const Inputs inputs{{"data", data}, {"calibration", rotation.dataset("calibration")}};
    for (const char* border : {"mirrored", "periodic"}) {
      const Outputs dpc = run("diffraction.dpc", inputs, {{"border", border}});
      const auto phase = dpc.dataset("phase").read_all_as_double();
      const auto sigma = dpc.dataset("phase_sigma").read_all_as_double();
      auto probed = scan.dataset("probed_phase").read_all_as_double();
      const double against_probed = correlation(phase, probed);
      const double against_object = correlation(phase, scan.dataset("phase").read_all_as_double());
      double mean = 0, squares = 0, norm = 0;
      for (const double value : probed) mean += value / static_cast<double>(probed.size());
      std::size_t inside = 0;
      for (std::size_t p = 0; p < phase.size(); ++p) {
        const double error = phase[p] - (probed[p] - mean);
        squares += error * error;
        norm += (probed[p] - mean) * (probed[p] - mean);
        inside += std::abs(error) <= sigma[p] ? 1 : 0;
      }
      const double covered = static_cast<double>(inside) / static_cast<double>(phase.size());
      std::printf(
          "%s, %s: rotation %.3f ± %.3f°, correlation with the probed phase %.5f, with the object %.4f, "
          "relative error %.4f, within σ %.3f\n",
          noisy ? "3e5 electrons per pattern" : "no noise", border, angle.value, *angle.sigma, against_probed,
          against_object, std::sqrt(squares / norm), covered);
      EXPECT_GE(against_probed, 0.99);
      EXPECT_GE(against_object, 0.9);
      EXPECT_LT(std::sqrt(squares / norm), 0.15);
    }
  }
}

TEST(GoldenDpc, DeviationOfThePhaseIsHonest) {
  // So few electrons that noise is all there is to see.
  std::size_t inside = 0, all = 0;
  for (int seed = 0; seed < 4; ++seed) {
    const Outputs scan = run("simulate.diffraction_scan", {},
                             {{"specimen", "phase_object"},
                              {"x", 40},
                              {"y", 36},
                              {"detector_x", 32},
                              {"dose", 2000},
                              {"phase", 0.0},
                              {"seed", seed}});
    const Outputs dpc = run("diffraction.dpc", {{"data", scan.dataset("data")}}, {{"rotation", 0.0}});
    const auto phase = dpc.dataset("phase").read_all_as_double(),
               sigma = dpc.dataset("phase_sigma").read_all_as_double();
    for (std::size_t y = 6; y < 30; ++y) {
      for (std::size_t x = 6; x < 34; ++x) {
        inside += std::abs(phase[y * 40 + x]) <= sigma[y * 40 + x] ? 1 : 0;
        ++all;
      }
    }
  }
  EXPECT_NEAR(static_cast<double>(inside) / static_cast<double>(all), 0.683, 0.07);
}

TEST(GoldenRotation, DeviationIsHonest) {
  int inside = 0;
  const int repeats = 24;
  // What is expected is simulated once; the counts are drawn anew each time.
  const Outputs scan = run("simulate.diffraction_scan", {},
                           {{"specimen", "phase_object"},
                            {"x", 32},
                            {"y", 28},
                            {"detector_x", 32},
                            {"dose", 20000},
                            {"rotation", -40},
                            {"noise", false}});
  const std::vector<float> expected = scan.dataset("data").read_all<float>();
  std::vector<std::uint16_t> counts(expected.size());
  for (std::uint64_t seed = 0; seed < repeats; ++seed) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      Random random(seed, "rotation", i);
      counts[i] = static_cast<std::uint16_t>(random.poisson(static_cast<double>(expected[i])));
    }
    const Dataset data = Dataset::from_values<std::uint16_t>(scan.dataset("data").describe(), counts);
    const Number angle = run("diffraction.rotation", {{"data", data}}, {{"transposed", "no"}}).number("angle");
    inside += std::abs(angle.value + 40) <= *angle.sigma ? 1 : 0;
  }
  std::printf("rotation within its σ in %d of %d\n", inside, repeats);
  EXPECT_NEAR(static_cast<double>(inside) / repeats, 0.683, 0.2);
}

}  // namespace
}  // namespace ruska
