// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/record.hpp"

// Small spectrum images of known truth for the tests and examples of this family.
namespace ruska::ops::eels {

/// What `simulate.eels` makes with these parameters.
inline Outputs simulated_eels(const Json& params) {
  Context context;
  return execute(operation("simulate.eels"), {}, params, context).outputs;
}

}  // namespace ruska::ops::eels
