// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"
#include "ruska/ops/eels/low_loss_map.hpp"

namespace ruska::ops::eels {

Inputs align_zlp_example() { return Inputs{{"data", low_loss_map(5, 6, 0.5, 20000)}}; }

}  // namespace ruska::ops::eels
