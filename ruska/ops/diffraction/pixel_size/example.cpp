// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/calibration.hpp"
#include "tests/example_data.hpp"

namespace ruska::ops::diffraction {

Inputs pixel_size_example() {
  static const Dataset data = [] {
    const Operation& simulate = operation("simulate.diffraction_scan");
    const Json given{{"specimen", "powder"},     {"x", 3},       {"y", 3}, {"detector_x", 80}, {"disc_radius", 2.5},
                     {"convergence_angle", 1.6}, {"dose", 30000}};
    Context context;
    const Outputs simulated = simulate.run({}, complete(simulate.parameters, given), context);
    const Dataset& patterns = simulated.dataset("data");
    Description description = patterns.describe();
    Calibration calibration = calibration_in(simulated.dataset("calibration").describe().metadata);
    calibration.pixel_size.reset();
    set_calibration(description.metadata, calibration);
    return Dataset::from_values<std::uint16_t>(description, patterns.read_all<std::uint16_t>());
  }();
  return {{"data", data}};
}

}  // namespace ruska::ops::diffraction
