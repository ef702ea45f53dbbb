// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

namespace ruska::math {

/// Pearson's χ² = Σ (y − μ)²/μ of Poisson counts y, standardised by its mean and variance at the means μ, which hold
/// for means of any size: 0 ± 1 where the means are right.
class PearsonMisfit {
 public:
  void add(double observed, double mean) {
    // A mean far below one count is raised, or one stray count would decide.
    const double floor = std::max(mean, 0.02);
    chi_ += (observed - mean) * (observed - mean) / floor;
    expected_ += mean / floor;
    variance_ += (2 * mean * mean + mean) / (floor * floor);
  }
  /// (χ² − expected)/σ; 0 of no counts and no means.
  double value() const { return variance_ > 0 ? (chi_ - expected_) / std::sqrt(variance_) : 0.0; }

 private:
  double chi_ = 0, expected_ = 0, variance_ = 0;
};

}  // namespace ruska::math
