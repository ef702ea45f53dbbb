// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace ruska::io {

/// The chemical symbol of an atomic number; empty where there is no such element.
std::string element_symbol(std::int64_t atomic_number);

}  // namespace ruska::io
