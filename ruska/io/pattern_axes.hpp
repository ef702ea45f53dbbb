// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ruska/core/axis.hpp"

namespace ruska::io {

/// A navigation axis in µm where the step is known, which is where it is above 0.
Axis position_axis(std::string name, std::int64_t size, double step);

/// The axes of a raster of detector patterns: y and x as `position_axis` has them, then
/// the detector's rows dy and columns dx. `rows` is 0 for patterns that are a mere list, whose only axis is x.
Axes pattern_axes(std::int64_t rows, std::int64_t columns, double step_y, double step_x, std::int64_t height,
                  std::int64_t width);

}  // namespace ruska::io
