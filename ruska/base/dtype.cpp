// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/dtype.hpp"

#include <string>

namespace ruska {

std::size_t size_of(DType dtype) {
  return visit_dtype(dtype, []<class T>() { return sizeof(T); });
}

std::string_view name_of(DType dtype) {
  static constexpr std::string_view names[] = {"uint8", "uint16", "uint32",  "uint64",  "int8",      "int16",
                                               "int32", "int64",  "float32", "float64", "complex64", "complex128"};
  return names[static_cast<std::size_t>(dtype)];
}

DType dtype_from_name(std::string_view name) {
  std::string allowed;
  for (DType dtype : all_dtypes) {
    if (name_of(dtype) == name) return dtype;
    allowed += (allowed.empty() ? "" : ", ") + std::string(name_of(dtype));
  }
  throw Error(ErrorKind::invalid_argument, "unknown dtype '" + std::string(name) + "'; allowed are " + allowed);
}

bool is_integer(DType dtype) {
  return visit_dtype(dtype, []<class T>() { return std::integral<T>; });
}

bool is_complex(DType dtype) {
  return visit_dtype(dtype, []<class T>() { return is_complex_v<T>; });
}

}  // namespace ruska
