// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"
#include "ruska/ops/eels/low_loss_map.hpp"

namespace ruska::ops::eels {

Inputs deconvolve_example() { return Inputs{{"data", low_loss_map(3, 4, 0.5, 20000)}}; }

}  // namespace ruska::ops::eels
