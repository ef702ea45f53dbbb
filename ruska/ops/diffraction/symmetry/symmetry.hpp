// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct SymmetryParams {
  std::optional<double> center_x{};
  std::optional<double> center_y{};
  double search = 1.0;
  std::optional<double> radius{};
  std::optional<double> inner_radius{};
  std::optional<std::int64_t> binning{};
  std::string mean = "disc";
  std::string noise = "auto";
  double gain = 1.0;
  double tolerance = 0.05;
};

/// `diffraction.symmetry`: at every position of a scan the correlation of the pattern with itself turned by 180°, 120°,
/// 90° and 60° and mirrored at the best line, counting noise taken off, and the point group that these scores speak
/// for.
const Operation& symmetry_operation();

}  // namespace ruska::ops::diffraction
