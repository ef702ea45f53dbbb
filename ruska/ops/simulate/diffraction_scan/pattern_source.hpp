// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "ruska/core/dataset.hpp"

namespace ruska::ops::simulate {

/// Frames that are made when they are read. `make(position, values)` fills one frame in the described dtype; it must
/// give the same bits every time and may be called from several threads. Axes: two of navigation, any of signal.
Dataset frames_made_when_read(Description description,
                              std::function<void(std::int64_t position, std::span<std::byte> values)> make);

}  // namespace ruska::ops::simulate
