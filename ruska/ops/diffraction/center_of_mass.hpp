// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/dataset.hpp"
#include "ruska/ops/diffraction/plane.hpp"

namespace ruska::ops::diffraction {

/// The centre of mass of one pattern, px, with its covariance by counting statistics of one count per electron:
/// Σ I (k − c)(k − c)ᵀ / (Σ I)².
struct CenterOfMass {
  double counts = 0;  ///< 0 where the pattern is empty; the rest is 0 then
  Vector at{};
  double variance_x = 0, variance_y = 0, covariance = 0;
};

/// One per position, in C order, from one read of the data. Pixels with a nonzero byte in `left_out` (empty for none)
/// count nowhere. Throws bad_data for values that are not finite, and for a pattern whose sum is below zero.
std::vector<CenterOfMass> centers_of_mass(const Dataset& data, const std::vector<std::uint8_t>& left_out,
                                          Context& context);

}  // namespace ruska::ops::diffraction
