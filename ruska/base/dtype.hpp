// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ruska/base/error.hpp"

namespace ruska {

/// The element types that a dataset can have. Names follow NumPy.
enum class DType : std::uint8_t {
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  float32,
  float64,
  complex64,
  complex128,
};

inline constexpr DType all_dtypes[] = {
    DType::uint8, DType::uint16, DType::uint32,  DType::uint64,  DType::int8,      DType::int16,
    DType::int32, DType::int64,  DType::float32, DType::float64, DType::complex64, DType::complex128,
};

/// Calls `function.template operator()<T>()` with the C++ type of `dtype`.
template <class Function>
decltype(auto) visit_dtype(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::uint8: return function.template operator()<std::uint8_t>();
    case DType::uint16: return function.template operator()<std::uint16_t>();
    case DType::uint32: return function.template operator()<std::uint32_t>();
    case DType::uint64: return function.template operator()<std::uint64_t>();
    case DType::int8: return function.template operator()<std::int8_t>();
    case DType::int16: return function.template operator()<std::int16_t>();
    case DType::int32: return function.template operator()<std::int32_t>();
    case DType::int64: return function.template operator()<std::int64_t>();
    case DType::float32: return function.template operator()<float>();
    case DType::float64: return function.template operator()<double>();
    case DType::complex64: return function.template operator()<std::complex<float>>();
    case DType::complex128: return function.template operator()<std::complex<double>>();
  }
  throw Error(ErrorKind::internal, "a dtype outside the enumeration");
}

template <class T>
inline constexpr bool is_complex_v = false;
template <class T>
inline constexpr bool is_complex_v<std::complex<T>> = true;

template <class T>
consteval DType dtype_of() {
  if constexpr (std::is_same_v<T, std::uint8_t>)
    return DType::uint8;
  else if constexpr (std::is_same_v<T, std::uint16_t>)
    return DType::uint16;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return DType::uint32;
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return DType::uint64;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return DType::int8;
  else if constexpr (std::is_same_v<T, std::int16_t>)
    return DType::int16;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return DType::int32;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return DType::int64;
  else if constexpr (std::is_same_v<T, float>)
    return DType::float32;
  else if constexpr (std::is_same_v<T, double>)
    return DType::float64;
  else if constexpr (std::is_same_v<T, std::complex<float>>)
    return DType::complex64;
  else {
    static_assert(std::is_same_v<T, std::complex<double>>, "not an element type of ruska");
    return DType::complex128;
  }
}

std::size_t size_of(DType dtype);
/// "uint16", "float32", … as NumPy spells them.
std::string_view name_of(DType dtype);
/// Throws invalid_argument for a name that is none of them.
DType dtype_from_name(std::string_view name);
bool is_integer(DType dtype);
bool is_complex(DType dtype);

}  // namespace ruska
