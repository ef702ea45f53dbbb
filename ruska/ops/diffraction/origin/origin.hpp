// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct OriginParams {
  std::string surface = "auto";
  std::optional<double> probe_radius{};
};

/// `diffraction.origin`: where the undiffracted beam meets the detector at every position of a scan, as a smooth
/// surface (descan), with its standard deviation.
const Operation& origin_operation();

}  // namespace ruska::ops::diffraction
