// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/file_bytes.hpp"

namespace ruska {

/// What stands before the values of a .npy file of a version of the format.
inline FileBytes npy_preamble(int version, std::string dictionary) {
  dictionary.resize(118, ' ');
  dictionary += '\n';
  FileBytes file;
  file.text("\x93NUMPY").little(static_cast<char>(version)).little('\0');
  if (version == 1)
    file.little(static_cast<std::uint16_t>(dictionary.size()));
  else
    file.little(static_cast<std::uint32_t>(dictionary.size()));
  return file.text(dictionary);
}

}  // namespace ruska
