// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct StrainParams {
  std::vector<double> g1{};
  std::vector<double> g2{};
  std::vector<double> origin{};
  double tolerance = 0.25;
  std::int64_t least_disks = 5;
  std::string weighting = "auto";
  double angle = 0.0;
};

/// `diffraction.strain`: the lattice at every position of a scan from its lists of disks, and from it strain and
/// rotation against a reference, with standard deviations.
const Operation& strain_operation();

}  // namespace ruska::ops::diffraction
