// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/eels_example.hpp"

namespace ruska::ops::eels {

/// Carbon and boron edges of 5 × 6 positions.
Inputs background_example() {
  const Outputs outputs = simulated_eels(
      {{"x", 6}, {"y", 5}, {"dispersion", 2.0}, {"energy_channels", 140}, {"resolution", 2.0}, {"electrons", 1e6}});
  return Inputs{{"data", outputs.dataset("data")}};
}

}  // namespace ruska::ops::eels
