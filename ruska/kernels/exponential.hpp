// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace ruska::kernels {

/// Replaces every value by its exponential, for values up to 700; within 2 units in the last place, and 0 for values
/// below −708, where the exponential is no normal number any more.
void take_exponentials(double* values, std::size_t count);

namespace reference {
void take_exponentials(double* values, std::size_t count);
}

}  // namespace ruska::kernels
