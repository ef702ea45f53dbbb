// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/ops/diffraction/ellipse/ring_fit.hpp"
#include "ruska/ops/diffraction/ring_profile.hpp"

namespace ruska::ops::diffraction {

/// A ring that was tried.
struct TriedRing {
  double inner = 0, outer = 0;   ///< px, of the undistorted radius, between which it was fitted
  std::optional<RingFit> fit{};  ///< nothing where the fit failed
  std::string rejected{};        ///< why it does not count; empty where it does
};

/// Concentric rings of one ellipse.
struct RingSystem {
  std::vector<TriedRing> rings{};  ///< most significant first
  EllipseCalibration ellipse{};
  Vector center{}, center_sigma{};
  double spread = 1;  ///< how many times the rings' own standard deviations they scatter by; σ contain it above 1
  bool converged = true;

  std::int64_t counted() const;
  /// The most significant ring that counts.
  const TriedRing& strongest() const;
};

/// Why a fit is no ring: its height does not stand out by `significance` standard deviations, its radius lies outside
/// the bounds, or it stands out in less than three quarters of its turn (spots). Empty for a ring.
std::string why_no_ring(const RingFit& fit, double inner, double outer, double significance);

/// Looks for rings beyond the radius `from` in the azimuthal mean about `center`, and fits each between its feet. The
/// strongest one gives centre and ellipse, about which the profile is taken anew and all its peaks higher than
/// `significance` standard deviations, at most eight, are fitted. Centre and stretch of all are averaged with the
/// inverse of their covariances; of three and more, rings whose stretch is off the average by more than five standard
/// deviations and by more than three times the rings' scatter are left out, the worst first. Throws bad_data when no
/// ring shows.
RingSystem find_rings(const AlignedMean& pattern, std::int64_t height, std::int64_t width, Vector center, double from,
                      double significance);

}  // namespace ruska::ops::diffraction
