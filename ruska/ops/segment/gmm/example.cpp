// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/example_data.hpp"

namespace ruska::ops::segment {

// Small, because every number of clusters is tried from several starts.
Inputs gmm_example() { return {{"data", example_spectrum_image(6, 8, 32)}}; }

}  // namespace ruska::ops::segment
