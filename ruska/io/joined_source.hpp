// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::io {

/// The parts one after another along the first axis, as one signal. `description` is that of the whole; every part has
/// its dtype and its lengths but along the first axis. Throws bad_data when the parts are not as long as the whole.
std::shared_ptr<const Source> joined_source(Description description, std::vector<std::shared_ptr<const Source>> parts);

}  // namespace ruska::io
