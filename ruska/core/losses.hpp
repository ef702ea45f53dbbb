// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska {

/// What is known of `given` and cannot be found again in `kept`, a line each: shape, type, axes with their calibration,
/// title, signal type, metadata, the vendor's header. Numbers count as kept when they are equal. Empty for no loss.
std::vector<std::string> losses(const Description& given, const Description& kept);

}  // namespace ruska
