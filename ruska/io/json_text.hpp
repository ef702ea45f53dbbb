// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ruska/base/json.hpp"

namespace ruska::io {

/// JSON from a file; `what` names it in messages. Throws bad_data where it is not valid, nested deeper than 64 levels
/// or has an object of more than 2000 members.
Json parse_json(const std::string& text, const std::string& what);

}  // namespace ruska::io
