// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/pycroscopy_units.hpp"

#include <map>

namespace ruska::io {

std::string pycroscopy_units(std::string units) {
  static const std::map<std::string, std::string> spellings{{"a.u.", ""},   {"generic", ""}, {"um", "µm"},  {"A", "Å"},
                                                            {"pixels", ""}, {"pixel", ""},   {"1/A", "1/Å"}};
  const auto found = spellings.find(units);
  return found == spellings.end() ? units : found->second;
}

}  // namespace ruska::io
