// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/base/json.hpp"

namespace ruska::io {

/// Sets General.date, General.time and General.time_zone (UTC) from seconds since 1970; nothing where they are beyond
/// some three thousand years.
void set_date(Json& metadata, double seconds);

}  // namespace ruska::io
