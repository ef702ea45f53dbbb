// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace ruska::report {

/// Writes a file that appears under its name whole or not at all, and replaces an older one. Throws io.
void write_whole(const std::filesystem::path& path, std::string_view content);

}  // namespace ruska::report
