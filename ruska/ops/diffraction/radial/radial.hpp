// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct RadialParams {
  std::optional<double> center_x{};
  std::optional<double> center_y{};
  std::optional<double> ellipse_ratio{};
  std::optional<double> ellipse_angle{};
  double step = 1.0;
  std::optional<double> radius{};
  std::int64_t sectors = 1;
  std::string value = "mean";
  std::string noise = "auto";
  double gain = 1.0;
};

/// `diffraction.radial`: every pattern summed over rings, or over rings and sectors, each pixel shared out by the area
/// that lies in the bin; with standard deviations by counting statistics.
const Operation& radial_operation();

}  // namespace ruska::ops::diffraction
