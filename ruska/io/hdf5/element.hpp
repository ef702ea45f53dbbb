// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "ruska/base/dtype.hpp"

namespace ruska::io::hdf5 {

/// What the elements of an array are.
struct Element {
  DType dtype = DType::float32;
  std::vector<std::string> fields{};        ///< of a structure whose members all have `dtype`; empty for plain numbers
  bool boolean = false;                     ///< an enumeration of FALSE and TRUE
  std::string real = "r", imaginary = "i";  ///< what the file calls the parts of complex numbers

  std::int64_t bytes() const {
    return static_cast<std::int64_t>(size_of(dtype) * std::max<std::size_t>(fields.size(), 1));
  }
};

}  // namespace ruska::io::hdf5
