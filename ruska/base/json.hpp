// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

namespace ruska {

/// JSON that keeps the order in which members were written.
using Json = nlohmann::ordered_json;

}  // namespace ruska
