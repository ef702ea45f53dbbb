// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct RotationParams {
  std::string transposed = "auto";
  std::string contrast = "unknown";
};

/// `diffraction.rotation`: the angle between scan and detector, from the curl of the centre of mass.
const Operation& rotation_operation();

}  // namespace ruska::ops::diffraction
