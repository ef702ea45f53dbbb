// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/radial_bins.hpp"

// What operations over rings share: where the rings lie, how they are named, how they are drawn.
namespace ruska::ops::diffraction {

/// What parameters say of the plane; they come before the calibration.
struct PlaneParams {
  std::optional<double> center_x{}, center_y{};            ///< px
  std::optional<double> ellipse_ratio{}, ellipse_angle{};  ///< a/b ≥ 1, degrees; a ratio without an angle lies along x
};

/// The plane of the rings, no rings yet. The ellipse is that of the parameters, else the calibrated one. Lengths are in
/// the calibrated pixel size, else in the signal axes' unit where both have the same, else in px. Pixels are square
/// where ellipse or pixel size are calibrated, or the axes' scales do not say otherwise. The centre is that of the
/// parameters, else the mean calibrated origin, else the frame's middle for the time being. Throws invalid_argument for
/// an axis that is not uniform.
RadialGeometry radial_plane(const Description& data, const Calibration& calibration, const PlaneParams& params);
/// Whether parameters or the calibration tell the centre.
bool center_known(const Calibration& calibration, const PlaneParams& params);

/// The axes of the bins: radius in the plane's unit, and the angle in degrees where there are sectors, behind it.
Axes bin_axes(const RadialGeometry& geometry);

/// Puts a centre that is not known to the centre of mass of the bright disc of the sum of some frames. Says how the
/// centre came about.
std::string place_center(RadialGeometry& geometry, const Dataset& data, const Calibration& calibration,
                         const PlaneParams& params, const std::vector<std::uint8_t>& left_out, Context& context);
/// "ellipse 1.03 at 40°, as calibrated"; empty for circles.
std::string ellipse_story(const Calibration& calibration, const PlaneParams& params);

/// The output "mean": a pattern with some of its rings.
Output pattern_with_rings(const Description& data, const RadialGeometry& geometry, const std::vector<double>& pattern);

}  // namespace ruska::ops::diffraction
