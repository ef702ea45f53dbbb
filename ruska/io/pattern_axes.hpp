// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/axis.hpp"

namespace ruska::io {

/// The axes of a raster of detector patterns: y and x in µm where the step is known, which is where it is above 0, then
/// the detector's rows dy and columns dx. `rows` is 0 for patterns that are a mere list, whose only axis is x.
Axes pattern_axes(std::int64_t rows, std::int64_t columns, double step_y, double step_x, std::int64_t height,
                  std::int64_t width);

}  // namespace ruska::io
