// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct EllipseParams {
  std::optional<double> inner{};
  std::optional<double> outer{};
  double significance = 5.0;
};

/// `diffraction.ellipse`: the elliptic distortion of the patterns, from a ring in their mean.
const Operation& ellipse_operation();

}  // namespace ruska::ops::diffraction
