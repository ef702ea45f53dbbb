// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/elements.hpp"

#include <xraylib/xraylib.h>

namespace ruska::io {

std::string element_symbol(std::int64_t atomic_number) {
  if (atomic_number < 1 || atomic_number > 107) return {};
  char* name = AtomicNumberToSymbol(static_cast<int>(atomic_number), nullptr);
  std::string symbol = name == nullptr ? "" : name;
  xrlFree(name);
  return symbol;
}

}  // namespace ruska::io
