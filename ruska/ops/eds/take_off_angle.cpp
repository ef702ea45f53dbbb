// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/take_off_angle.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "ruska/core/metadata.hpp"

namespace ruska::ops::eds {

double take_off_angle(double elevation, double azimuth, double tilt_alpha, double tilt_beta) {
  constexpr double degree = std::numbers::pi / 180.0;
  const double e = elevation * degree, p = azimuth * degree, a = tilt_alpha * degree, b = tilt_beta * degree;
  const double along = std::cos(e) * std::cos(p) * std::sin(a) * std::cos(b) + std::cos(e) * std::sin(p) * std::sin(b) +
                       std::sin(e) * std::cos(a) * std::cos(b);
  return std::asin(std::clamp(along, -1.0, 1.0)) / degree;
}

std::optional<double> take_off_angle(const Description& data) {
  const std::string instrument = "Acquisition_instrument." + instrument_of(data.metadata) + ".";
  const auto elevation = number_at(data.metadata, instrument + "Detector.EDS.elevation_angle");
  const auto azimuth = number_at(data.metadata, instrument + "Detector.EDS.azimuth_angle");
  const double alpha = number_at(data.metadata, instrument + "Stage.tilt_alpha").value_or(0.0);
  const double beta = number_at(data.metadata, instrument + "Stage.tilt_beta").value_or(0.0);
  if (!elevation || (!azimuth && (alpha != 0.0 || beta != 0.0))) return std::nullopt;
  return take_off_angle(*elevation, azimuth.value_or(0.0), alpha, beta);
}

}  // namespace ruska::ops::eds
