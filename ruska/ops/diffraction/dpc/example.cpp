// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/calibration.hpp"
#include "tests/example_data.hpp"

namespace ruska::ops::diffraction {

Inputs dpc_example() {
  const Dataset scan = example_scan(5, 6, 24, 20);
  Description description = scan.describe();
  Calibration calibration;
  calibration.frame = description.signal_shape();
  calibration.rotation = RotationCalibration{20, 0.5, false, true};
  set_calibration(description.metadata, calibration);
  return {{"data", Dataset::from_values<std::uint16_t>(description, scan.read_all<std::uint16_t>())}};
}

}  // namespace ruska::ops::diffraction
