// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace ruska {

/// Where this repository lies. A function, not a compiler's definition: compiled tests are then the same in every copy
/// of the repository and a compiler cache serves them all.
std::filesystem::path source_folder();

}  // namespace ruska
