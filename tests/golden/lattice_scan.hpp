// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/core/dataset.hpp"

// Test T1: the scan of a square lattice that overlapping diffraction discs give in closed form.
namespace ruska::golden {

/// A scan of 96 × 96 positions, 24 × 24 detector pixels: |ψ|² divided by its mean, with
///   ψ(k, r) = Σ_{h,l ∈ {−1,0,1}} f_{hl} · D(|k − gG|) · exp(i 0.012 |k − gG|²) · exp(2πi (h y + l x)/12) · exp(i l
///   θ(r)),
/// |f| = 1, 0.45, 0.25 and phase 0.9 (|h| + |l|) by order, G = 7 pixels, D a logistic disc of radius 6.5 pixels and
/// width 0.35. θ = 0 for the perfect crystal, the polar angle about (47.3, 48.7) for the one with a dislocation.
struct LatticeScan {
  static constexpr std::int64_t scan = 96, detector = 24;
  std::vector<double> intensity;  ///< mean 1

  explicit LatticeScan(bool dislocation);
  double largest() const;
  /// Poisson counts of `dose` counts per pixel in the mean.
  Dataset draw(double dose, std::uint64_t seed) const;
  /// 10 log₁₀(largest² / mean squared error) of values divided by the dose, in dB.
  double peak_signal_to_noise(const std::vector<double>& values, double dose) const;
};

}  // namespace ruska::golden
