// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "ruska/base/json.hpp"
#include "ruska/report/figure.hpp"

namespace ruska::report {

/// What the page's script draws from: {"colours": …, "figures": […]}. Arrays are base64 of little-endian float32
/// (int32 for class numbers).
Json page_data(std::span<const Figure> figures);

}  // namespace ruska::report
