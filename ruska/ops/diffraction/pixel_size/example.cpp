// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/calibration.hpp"
#include "tests/example_data.hpp"

namespace ruska::ops::diffraction {

Inputs pixel_size_example() {
  const Operation& simulate = operation("simulate.diffraction_scan");
  const Json given{{"specimen", "powder"}, {"x", 3},       {"y", 3}, {"detector_x", 80},
                   {"disc_radius", 2.5},   {"dose", 30000}};
  Context context;
  const Outputs simulated = simulate.run({}, complete(simulate.parameters, given), context);
  const Dataset& data = simulated.dataset("data");
  Description description = data.describe();
  Calibration calibration = calibration_in(simulated.dataset("calibration").describe().metadata);
  calibration.pixel_size.reset();
  set_calibration(description.metadata, calibration);
  return {{"data", Dataset::from_values<std::uint16_t>(description, data.read_all<std::uint16_t>())}};
}

}  // namespace ruska::ops::diffraction
