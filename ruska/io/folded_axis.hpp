// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ruska/core/source.hpp"

namespace ruska::io {

/// A source whose first axis counts positions in C order, seen with `axes` in its place: frames of a scan as rows and
/// columns. Throws bad_data unless the lengths multiply to that of the first axis.
std::shared_ptr<const Source> folded_axis(std::shared_ptr<const Source> stored, const Axes& axes);

}  // namespace ruska::io
