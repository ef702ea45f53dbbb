// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/ops/diffraction/radial_bins.hpp"

// What operations over rings share: where the rings lie, how they are named, how they are drawn.
namespace ruska::ops::diffraction {

/// The plane of the rings, its centre in the middle of the frame, no rings yet. Pixels are square unless both signal
/// axes have the same unit and different scales. Throws invalid_argument for an axis that is not uniform.
RadialGeometry radial_plane(const Description& data, double ellipse_ratio, double ellipse_angle);

/// The axes of the bins: radius in the signal axes' unit where both have the same and px otherwise, and the angle in
/// degrees where there are sectors, behind it.
Axes bin_axes(const Description& data, const RadialGeometry& geometry);

/// Puts the centre where it is given, else to the centre of mass of the bright disc of the sum of some frames.
/// Says how it came about.
std::string place_center(RadialGeometry& geometry, const Dataset& data, const std::optional<double>& y,
                         const std::optional<double>& x, const std::vector<std::uint8_t>& left_out, Context& context);

/// The output "mean": a pattern with some of its rings.
Output pattern_with_rings(const Description& data, const RadialGeometry& geometry, const std::vector<double>& pattern);

/// The port "mask": pixels that are left out.
Port mask_port();
void check_mask_shape(const Inputs& inputs);

}  // namespace ruska::ops::diffraction
