// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/dataset.hpp"

namespace ruska {

/// Every `step`-th position along each navigation axis, lazily; reads touch those positions alone.
/// Throws invalid_argument for a step below 1 and for data without navigation axes.
Dataset every_nth_position(const Dataset& data, std::int64_t step);

/// The step that leaves at most some thousand positions: enough to see what a whole scan will look like.
std::int64_t preview_step(const Description& data);

}  // namespace ruska
