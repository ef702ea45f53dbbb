// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "ruska/ops/diffraction/aligned_mean.hpp"

namespace ruska::ops::diffraction {

/// An elliptic ring with a Gaussian flank inside and another outside, on a background that bends.
struct RingFit {
  EllipseCalibration ellipse{};
  Vector center{}, center_sigma{};             ///< px
  double radius = 0, radius_sigma = 0;         ///< of the undistorted ring, px
  double width_inside = 0, width_outside = 0;  ///< standard deviations of the flanks, px
  double height = 0, height_sigma = 0;
  double reduced_chi_square = 0;  ///< in units of the scatter that counts of one electron would have
  bool converged = false;
  /// Of centre x and y (px) and of the two numbers p, q of the stretch below, 4 × 4.
  std::array<double, 16> covariance{};
  std::array<double, 2> stretch{};  ///< p, q
  /// Share of those twelfths of a turn in which the ring stands out of the background, of those that pixels cover.
  double around = 0;
};

/// The ellipse with the numbers p, q, of which `variance_p`, `variance_q` and `covariance` are known.
EllipseCalibration ellipse_of_stretch(double p, double q, double variance_p, double variance_q, double covariance);

/// Two steps. First A x² + B xy + C y² = 1 by linear least squares over the pixels k with |M (k − center)| between the
/// radii `inner` and `outer`, M `undistorted`, weighted by what they have above the ring's foot. From there on, by
/// damped least squares over the same pixels,
///   I(k) = b₀ + b₁ t + b₂ t² + h exp(−t² / 2w²),  t = |E⁻¹ (k − c)| − R,  w = w_in for t < 0, w_out for t ≥ 0,
/// of eleven parameters (after B. H. Savitzky et al., Microsc. Microanal. 27, 712 (2021)), with E = exp(p, q; q, −p):
/// the two numbers p, q are ½ ln(a/b) times cosine and sine of twice the angle, which have no preferred direction and
/// no singularity at a/b = 1. Weights are those of Poisson counts about the azimuthal mean. Standard deviations come
/// from the residuals' scatter, and from how far they hang together (speckle, interpolation). Throws bad_data when
/// fewer than 50 pixels lie between the radii or nothing there stands above the background.
RingFit fit_ring(const AlignedMean& pattern, std::int64_t height, std::int64_t width, Vector center, double inner,
                 double outer, const Matrix& undistorted = {});

}  // namespace ruska::ops::diffraction
