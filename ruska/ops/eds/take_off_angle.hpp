// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ruska/core/source.hpp"

namespace ruska::ops::eds {

/// Angle (degrees) between the detector and the surface of a flat specimen: asin of the product of the detector's
/// direction (cos ε cos φ, cos ε sin φ, sin ε) at elevation ε and azimuth φ with the surface's normal (sin α cos β,
/// sin β, cos α cos β) at the stage tilts α and β. Azimuth 0 is where a positive α turns the surface to.
double take_off_angle(double elevation, double azimuth, double tilt_alpha, double tilt_beta);

/// The same from the metadata's detector angles and stage tilts (tilts that are not there are 0°); none when elevation
/// or azimuth are missing, the azimuth being needed only where there is a tilt.
std::optional<double> take_off_angle(const Description& data);

}  // namespace ruska::ops::eds
