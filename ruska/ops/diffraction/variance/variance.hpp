// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct VarianceParams {
  std::optional<double> center_x{};
  std::optional<double> center_y{};
  std::optional<double> ellipse_ratio{};
  std::optional<double> ellipse_angle{};
  double step = 1.0;
  std::optional<double> radius{};
  std::string noise = "auto";
  double gain = 1.0;
};

/// `diffraction.variance`: fluctuation electron microscopy. The normalised variance V(k) = ⟨I²⟩/⟨I⟩² − 1 of a scan of
/// nanodiffraction patterns in three conventions, the counting noise taken off, with standard deviations.
const Operation& variance_operation();

}  // namespace ruska::ops::diffraction
