// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/calibration.hpp"
#include "tests/example_data.hpp"

namespace ruska::ops::diffraction {

Inputs scan_example();

/// A small scan with all that can be calibrated, its origin moving by some pixels.
Inputs scan_example() {
  const Dataset scan = example_scan(5, 6, 24, 20);
  Description description = scan.describe();
  Calibration calibration;
  calibration.frame = description.signal_shape();
  calibration.origin = OriginCalibration{.surface = "plane",
                                         .x = {8.5, 0.5, 0.1},
                                         .y = {10.5, -0.2, 0.6},
                                         .sigma_x = 0.02,
                                         .sigma_y = 0.03,
                                         .probe_radius = 4,
                                         .scan = description.navigation_shape()};
  calibration.ellipse = EllipseCalibration{1.05, 0.001, 30, 0.5};
  calibration.pixel_size = PixelSizeCalibration{0.2, 0.001, "1/nm", "Au"};
  calibration.rotation = RotationCalibration{20, 0.5, true, false};
  set_calibration(description.metadata, calibration);
  return {{"data", Dataset::from_values<std::uint16_t>(description, scan.read_all<std::uint16_t>())}};
}

}  // namespace ruska::ops::diffraction
