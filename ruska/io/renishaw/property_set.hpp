// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "ruska/base/json.hpp"

namespace ruska::io::renishaw {

/// The property set ("PSET") that a block of a WiRE file begins with, as a tree: entries by their names, which the set
/// itself or one around it gives, or by their numbers. Binary and compressed values are left out. Null for a block
/// without one. Throws bad_data for an entry that leaves the set, is of an unknown type or nested deeper than 32.
Json property_set(std::span<const std::byte> block);

}  // namespace ruska::io::renishaw
