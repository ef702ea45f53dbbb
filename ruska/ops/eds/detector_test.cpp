// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/detector.hpp"

#include <numeric>

#include <gtest/gtest.h>

namespace ruska::ops::eds {
namespace {

TEST(Detector, PeakKeepsItsAreaAndItsPlace) {
  const EnergyAxis axis{-0.2, 0.01, 2000};
  for (const double energy : {0.525, 6.4038, 15.005}) {
    std::vector<double> spectrum(2000, 0.0);
    add_peak(spectrum, axis, energy, full_width(energy, 130), 1000.0);
    double sum = 0, moment = 0, second = 0;
    for (std::size_t i = 0; i < spectrum.size(); ++i) {
      const double at = axis.at(static_cast<double>(i));
      sum += spectrum[i];
      moment += spectrum[i] * at;
      second += spectrum[i] * at * at;
    }
    EXPECT_NEAR(sum, 1000.0, 0.01);
    EXPECT_NEAR(moment / sum, energy, 1e-6);
    const double sigma = full_width(energy, 130) / 2.3548;
    // The mean square within channels of width 10 eV adds a twelfth of its square.
    EXPECT_NEAR(second / sum - moment / sum * (moment / sum), sigma * sigma + 0.01 * 0.01 / 12, 2e-3 * sigma * sigma);
  }
}

TEST(Detector, PeaksBeyondTheAxisAddNothing) {
  const EnergyAxis axis{0.0, 0.01, 100};
  std::vector<double> spectrum(100, 0.0);
  add_peak(spectrum, axis, 5.0, 0.1, 1000.0);
  add_peak(spectrum, axis, -5.0, 0.1, 1000.0);
  EXPECT_EQ(std::accumulate(spectrum.begin(), spectrum.end(), 0.0), 0.0);
  add_peak(spectrum, axis, 0.995, 0.1, 1000.0);  // centred on the upper end of the last channel
  EXPECT_NEAR(std::accumulate(spectrum.begin(), spectrum.end(), 0.0), 500.0, 0.01);
}

TEST(Detector, EscapeNeedsASiliconVacancyAndFallsWithEnergy) {
  EXPECT_EQ(escape_fraction(1.80), 0.0);
  EXPECT_EQ(escape_fraction(0.0), 0.0);
  // Reed & Ware give 1.8 % for P Kα and below 0.5 % above 6 keV.
  EXPECT_NEAR(escape_fraction(2.014), 0.017, 0.003);
  EXPECT_LT(escape_fraction(6.4), 0.006);
  EXPECT_GT(escape_fraction(3.0), escape_fraction(4.0));
}

TEST(Detector, EfficiencyIsLowAtBothEnds) {
  EXPECT_EQ(polymer_window_efficiency(0.0), 0.0);
  EXPECT_LT(polymer_window_efficiency(0.2), 0.7);
  EXPECT_GT(polymer_window_efficiency(6.4), 0.99);
  EXPECT_LT(polymer_window_efficiency(30.0), 0.2);
}

}  // namespace
}  // namespace ruska::ops::eds
