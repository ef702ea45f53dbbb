// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ruska/math/parabola.hpp"

namespace ruska::ops::diffraction {

/// A place in an image, px.
struct Place {
  double y = 0, x = 0;
};

/// Values about the middle of a climb, [y + 1][x + 1].
struct Neighbourhood {
  double value[3][3];

  struct Step {
    std::int64_t y = 0, x = 0;
    bool none() const { return y == 0 && x == 0; }
  };
  /// To the highest of the nine; none where the middle is.
  Step uphill() const {
    Step best;
    for (std::int64_t y = -1; y <= 1; ++y) {
      for (std::int64_t x = -1; x <= 1; ++x) {
        if (value[y + 1][x + 1] > value[best.y + 1][best.x + 1]) best = {y, x};
      }
    }
    return best;
  }
  /// Where the parabolas through the middle are highest, from the middle, in steps.
  Place summit() const {
    return {parabola_vertex(value[0][1], value[1][1], value[2][1]),
            parabola_vertex(value[1][0], value[1][1], value[1][2])};
  }
};

}  // namespace ruska::ops::diffraction
