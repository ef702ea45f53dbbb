// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ruska/core/source.hpp"

namespace ruska::io {

/// A source whose elements run the other way along one axis than those of `stored`, with the same description. Formats
/// that store images from the bottom up need it.
std::shared_ptr<const Source> reversed_axis(std::shared_ptr<const Source> stored, std::size_t axis);

}  // namespace ruska::io
