// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ruska/core/source.hpp"

namespace ruska::io::usid {

/// A source of two axes seen with `rows` in place of its first and `columns` in place of its second, both in C order.
/// Throws bad_data unless the lengths multiply to those of the axes.
std::shared_ptr<const Source> unfolded(std::shared_ptr<const Source> stored, const Axes& rows, const Axes& columns);

}  // namespace ruska::io::usid
