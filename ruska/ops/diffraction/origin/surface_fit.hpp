// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/disc_center.hpp"

namespace ruska::ops::diffraction {

/// A smooth surface through measured centres.
struct SurfaceFit {
  OriginCalibration origin;             ///< without probe radius
  std::vector<Vector> sigma;            ///< standard deviation of the surface at each position of one scan image
  std::vector<bool> used;               ///< positions that the last pass kept
  double scatter_x = 0, scatter_y = 0;  ///< standard deviation of the centres about the surface, px
  std::int64_t kept = 0;
};

/// Least squares over the scan: all centres first, then three passes over those within two standard deviations of the
/// last surface along both axes; what the cut takes from the standard deviation is put back (a normal law cut at 2σ
/// keeps 0.880 of it). With less than eight centres more than coefficients, the scatter is at least counting noise.
/// `surface` is "constant", "plane", "parabola", or "auto" for the one of least Bayesian information criterion. Throws
/// bad_data when fewer centres were found than the surface has coefficients.
SurfaceFit fit_surface(const std::vector<DiscCenter>& centers, const Shape& scan, const std::string& surface);

}  // namespace ruska::ops::diffraction
