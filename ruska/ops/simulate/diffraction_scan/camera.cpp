// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/simulate/diffraction_scan/camera.hpp"

namespace ruska::ops::simulate {

Camera::Camera(std::int64_t detector_height, std::int64_t detector_width, std::int64_t scan_rows,
               std::int64_t scan_columns, diffraction::Calibration calibration)
    : height(detector_height),
      width(detector_width),
      rows(scan_rows),
      columns(scan_columns),
      truth(std::move(calibration)),
      to_specimen(truth.to_scan()),
      to_detector(to_specimen.inverse()) {}

Vector Camera::origin(std::int64_t position) const { return truth.origin->at_position(position, {rows, columns}); }

diffraction::OriginCalibration descan(Vector center, double plane, double parabola, std::int64_t rows,
                                      std::int64_t columns) {
  // Over u, v from −1 to 1 along columns and rows: the plane moves along (0.9, −0.45) u + (0.35, 0.8) v, the parabola
  // along (0.6, 0.2) u² + (−0.3, 0.25) uv + (0.2, −0.7) v², each scaled to length 1 at the corner u = v = 1.
  const double p = plane / std::hypot(1.25, 0.35), q = parabola / std::hypot(0.5, -0.25);
  diffraction::OriginCalibration origin;
  origin.surface = parabola != 0 ? "parabola" : plane != 0 ? "plane" : "constant";
  const std::size_t coefficients = parabola != 0 ? 6 : plane != 0 ? 3 : 1;
  const auto along = [&](std::vector<double> terms) {
    terms.resize(coefficients);
    return diffraction::surface_in_indices(std::move(terms), rows, columns);
  };
  origin.x = along({center.x, 0.9 * p, 0.35 * p, 0.6 * q, -0.3 * q, 0.2 * q});
  origin.y = along({center.y, -0.45 * p, 0.8 * p, 0.2 * q, 0.25 * q, -0.7 * q});
  origin.scan = {rows, columns};
  return origin;
}

}  // namespace ruska::ops::simulate
