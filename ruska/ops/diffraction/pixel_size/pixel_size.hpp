// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct PixelSizeParams {
  std::string standard = "Au";
  std::string lattice = "fcc";
  std::optional<double> lattice_constant{};
  std::optional<double> expected{};
  double tolerance = 0.25;
  std::optional<double> inner{};
};

/// `diffraction.pixel_size`: the size of a detector pixel in 1/nm from the rings of a known crystal.
const Operation& pixel_size_operation();

}  // namespace ruska::ops::diffraction
