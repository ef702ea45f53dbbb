// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "ruska/ops/diffraction/strain/lattice.hpp"

namespace ruska::ops::diffraction {

/// Finite strain of a lattice against a reference: U − I along the strain axes, and the rotation in degrees from x
/// towards y.
struct Deformation {
  double xx = 0, yy = 0, xy = 0, rotation = 0;
};

/// With rows g1 and g2 of the matrices G and G_ref, G = G_ref F⁻¹, so that F = G⁻¹ G_ref deforms the crystal; F = R U.
/// `angle`: of the strain axes' x from the detector's, in degrees towards y. Origins do not matter.
Deformation deformation_of(const Lattice& lattice, const Lattice& reference, double angle);

/// Standard deviations to first order; `covariance` as of LatticeFit.
Deformation deformation_sigma(const Lattice& lattice, const Lattice& reference, double angle,
                              const std::array<double, 9>& covariance);

}  // namespace ruska::ops::diffraction
