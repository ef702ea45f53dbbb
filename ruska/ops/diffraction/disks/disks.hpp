// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct DisksParams {
  std::optional<double> radius{};
  double blur = 0.2;
  double power = 1.0;
  double smoothing = 0.0;
  std::string position = "likelihood";
  double least_relative = 0.005;
  double significance = 5.0;
  double spacing = 1.5;
  double edge = 1.0;
  std::int64_t most_disks = 70;
  double hot_pixels = 8.0;
  double counts_per_electron = 1.0;
};

/// `diffraction.disks`: the diffraction disks of every pattern of a scan, with sub-pixel positions and their standard
/// deviations, as lists that diffraction.strain reads.
const Operation& disks_operation();

}  // namespace ruska::ops::diffraction
