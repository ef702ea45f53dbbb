// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "ruska/base/error.hpp"

namespace ruska {

/// Throws io.
inline void write_seed(const std::filesystem::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content << std::flush;
  if (!file) throw Error(ErrorKind::io, "cannot write " + path.string());
}

}  // namespace ruska
