// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ruska {

/// Integration of a measured gradient over a grid by Fourier transforms:
///   φ̂(k) = (k_x ĝ_x + k_y ĝ_y) / (2πi k²) · k² / (k² + k_c²),   φ̂(0) = 0,
/// the least-squares answer for white noise (R. T. Frankot and R. Chellappa, IEEE PAMI 10, 439 (1988)) with slow
/// variations, which carry the most noise, damped below k_c.
struct GradientIntegration {
  std::int64_t rows = 1, columns = 1;
  double step_y = 1, step_x = 1;  ///< lengths of a step; k counts cycles per length
  double high_pass = 0;           ///< k_c
  bool mirrored = true;           ///< the field goes on beyond its border as its mirror image, otherwise periodically

  /// φ of mean 0 from the gradient's components, C order (rows, columns).
  std::vector<double> integrate(std::span<const double> gradient_x, std::span<const double> gradient_y) const;
  /// The variance of φ where the gradient's values have these variances and covariances, independent from place to
  /// place. The mirror images count as independent, so that close to a border it is not exact.
  std::vector<double> variance(std::span<const double> variance_x, std::span<const double> variance_y,
                               std::span<const double> covariance) const;
  /// Bytes that a call holds at its peak.
  std::int64_t bytes_held() const;
};

}  // namespace ruska
