// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

namespace ruska {

/// Where the parabola through values at −1, 0 and 1 is highest, at most half a step off; 0 where it has no summit.
inline double parabola_vertex(double before, double middle, double after) {
  const double curvature = before - 2 * middle + after;
  return curvature < 0 ? std::clamp(0.5 * (before - after) / curvature, -0.5, 0.5) : 0;
}

}  // namespace ruska
