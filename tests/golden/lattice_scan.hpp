// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/core/dataset.hpp"

// Test T1: the scan of a square lattice that overlapping diffraction discs give in closed form.
namespace ruska::golden {

/// What `simulate.diffraction_scan` makes of the specimen `lattice`: 96 × 96 positions, 24 × 24 detector pixels.
struct LatticeScan {
  bool dislocation;
  std::vector<double> intensity;  ///< mean 1

  explicit LatticeScan(bool with_dislocation);
  double largest() const;
  /// Poisson counts of `dose` counts per pixel in the mean.
  Dataset draw(double dose, std::int64_t seed) const;
  /// 10 log₁₀(largest² / mean squared error) of values divided by the dose, in dB.
  double peak_signal_to_noise(const std::vector<double>& values, double dose) const;
};

}  // namespace ruska::golden
