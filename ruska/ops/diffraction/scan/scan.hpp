// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct ScanParams {
  std::vector<std::string> detectors{};
  std::optional<double> center_x{};
  std::optional<double> center_y{};
  std::string lengths = "px";
  bool follow_origin = true;
  std::optional<double> pixel_size{};
  std::optional<double> beam_energy{};
  bool variance = false;
  bool radial = false;
  double radial_step = 1.0;
  double significance = 8.0;
};

/// `diffraction.scan`: in one read of a scan of diffraction patterns the images of virtual detectors, the centre of
/// mass with its standard deviation, total counts, sum, mean, maximum and variance pattern, radial profiles, and the
/// pixels that do not fit their surroundings; with a calibration about its centre and in its units.
const Operation& scan_operation();

}  // namespace ruska::ops::diffraction
