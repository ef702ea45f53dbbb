// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ruska/core/axis.hpp"

namespace ruska::io {

/// Gives an axis the coordinates that a file lists: size, the straight line through them (least squares) as offset and
/// scale, and the table itself unless all lie within a millionth of a step of that line.
/// Throws bad_data for a coordinate that is not finite.
void set_coordinates(Axis& axis, std::vector<double> coordinates);

/// The coordinates of all places of an axis.
std::vector<double> coordinates_of(const Axis& axis);

}  // namespace ruska::io
