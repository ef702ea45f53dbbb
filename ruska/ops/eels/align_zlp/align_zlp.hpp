// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::eels {

struct AlignZlpParams {
  std::string interpolation = "linear";
};

/// `eels.align_zlp`: moves every spectrum so that its zero-loss peak lies at 0 eV, to a fraction of a channel, and with
/// it the spectra of a second data set that was recorded at the same positions.
const Operation& align_zlp_operation();

}  // namespace ruska::ops::eels
