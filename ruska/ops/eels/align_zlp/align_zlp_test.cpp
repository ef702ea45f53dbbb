// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/align_zlp/align_zlp.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/record.hpp"
#include "ruska/ops/eels/align_zlp/shifted_spectra.hpp"
#include "ruska/ops/eels/low_loss_map.hpp"
#include "ruska/ops/eels/zero_loss.hpp"

namespace ruska::ops::eels {
namespace {

Dataset ramps() {
  Description description;
  description.axes = {
      {.name = "x", .role = Role::navigation, .size = 2},
      {.name = "Energy loss", .units = "eV", .role = Role::signal, .size = 8, .scale = 0.5, .offset = -1.0}};
  return Dataset::from_values<float>(description,
                                     std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 0, 10, 20, 30, 40, 50, 60, 70});
}

TEST(ShiftedSpectra, ReadsBetweenChannelsInEveryRegion) {
  const auto source = shifted_spectra(ramps(), {0.25, -1.0}, false, 1, 6, 0.0);
  std::vector<float> all(12);
  source->read(Region::whole({2, 6}), std::as_writable_bytes(std::span(all)));
  EXPECT_EQ(all, (std::vector<float>{1.25, 2.25, 3.25, 4.25, 5.25, 6.25, 0, 10, 20, 30, 40, 50}));
  for (std::int64_t row = 0; row < 2; ++row) {
    for (std::int64_t channel = 0; channel < 6; ++channel) {
      float one = 0;
      source->read({{row, channel}, {1, 1}}, std::as_writable_bytes(std::span(&one, 1)));
      EXPECT_EQ(one, all[static_cast<std::size_t>(row * 6 + channel)]);
    }
  }
}

TEST(AlignZlp, PutsEveryPeakAtZero) {
  const Dataset data = low_loss_map(6, 20, 0.5, 50000);
  Context context;
  const Result result =
      execute(operation("eels.align_zlp"), Inputs{{"data", data}, {"also", data}}, Json::object(), context);
  const auto shift = result.outputs.dataset("shift").read_all_as_double();
  const auto sigma = result.outputs.dataset("shift_sigma").read_all_as_double();
  double inside = 0;
  for (std::size_t p = 0; p < shift.size(); ++p) {
    inside += std::abs(shift[p] - (0.1 + 0.07 * static_cast<double>(p % 20))) < sigma[p] ? 1.0 / 120 : 0.0;
  }
  EXPECT_NEAR(inside, 0.683, 0.14);

  const Dataset& aligned = result.outputs.dataset("aligned");
  const Axis& axis = aligned.describe().signal_axis();
  const auto values = aligned.read_all_as_double();
  const auto channels = static_cast<std::size_t>(axis.size);
  for (std::size_t p = 0; p < 120; ++p) {
    const ZeroLoss zero = find_zero_loss(std::span(values).subspan(p * channels, channels));
    EXPECT_NEAR(axis.at(zero.centre), 0.0, 0.02) << p;
  }
  EXPECT_EQ(result.outputs.dataset("also_aligned").read_all_as_double(), values);
}

TEST(AlignZlp, NearestKeepsCounts) {
  const Dataset data = low_loss_map(2, 20, 0.5, 50000);
  Context context;
  const Result result =
      execute(operation("eels.align_zlp"), Inputs{{"data", data}}, {{"interpolation", "nearest"}}, context);
  for (const double value : result.outputs.dataset("aligned").read_all_as_double()) {
    EXPECT_EQ(value, std::floor(value));
  }
}

TEST(AlignZlp, RefusesAPartnerOfAnotherScan) {
  Context context;
  EXPECT_THROW(execute(operation("eels.align_zlp"),
                       Inputs{{"data", low_loss_map(2, 3, 0.5, 5000)}, {"also", low_loss_map(3, 3, 0.5, 5000)}},
                       Json::object(), context),
               Error);
}

}  // namespace
}  // namespace ruska::ops::eels
