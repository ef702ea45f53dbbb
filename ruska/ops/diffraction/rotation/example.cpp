// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/example_data.hpp"

namespace ruska::ops::diffraction {

Inputs rotation_example() { return {{"data", example_scan(9, 10, 24, 20)}}; }

}  // namespace ruska::ops::diffraction
