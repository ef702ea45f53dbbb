// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/classify/labelled_example.hpp"

namespace ruska::ops::classify {

Inputs tree_example() { return labelled_example(); }

}  // namespace ruska::ops::classify
