// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/nonzeros.hpp"

#include <bit>
#include <cstring>

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/nonzeros.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Counts are mostly zeros: whole vectors of them cost one comparison, and each nonzero a few instructions.
template <class T>
std::size_t find(const T* values, std::size_t count, std::uint32_t* index) {
  const hn::CappedTag<T, 64 / sizeof(T)> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d);
  std::size_t found = 0, i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto filled = hn::Not(hn::Eq(hn::LoadU(d, values + i), zero));
    std::uint64_t bits = 0;
    std::uint8_t bytes[8] = {};
    hn::StoreMaskBits(d, filled, bytes);
    std::memcpy(&bits, bytes, sizeof(bits));
    for (; bits != 0; bits &= bits - 1) {
      index[found++] = static_cast<std::uint32_t>(i + static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }
  for (; i < count; ++i) {
    if (values[i] != T{0}) index[found++] = static_cast<std::uint32_t>(i);
  }
  return found;
}

std::size_t FindUint8(const std::uint8_t* v, std::size_t n, std::uint32_t* index) { return find(v, n, index); }
std::size_t FindUint16(const std::uint16_t* v, std::size_t n, std::uint32_t* index) { return find(v, n, index); }
std::size_t FindUint32(const std::uint32_t* v, std::size_t n, std::uint32_t* index) { return find(v, n, index); }
std::size_t FindFloat(const float* v, std::size_t n, std::uint32_t* index) { return find(v, n, index); }
std::size_t FindDouble(const double* v, std::size_t n, std::uint32_t* index) { return find(v, n, index); }

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(FindUint8);
HWY_EXPORT(FindUint16);
HWY_EXPORT(FindUint32);
HWY_EXPORT(FindFloat);
HWY_EXPORT(FindDouble);

std::size_t find_nonzeros(const std::uint8_t* values, std::size_t count, std::uint32_t* index) {
  return HWY_DYNAMIC_DISPATCH(FindUint8)(values, count, index);
}
std::size_t find_nonzeros(const std::uint16_t* values, std::size_t count, std::uint32_t* index) {
  return HWY_DYNAMIC_DISPATCH(FindUint16)(values, count, index);
}
std::size_t find_nonzeros(const std::uint32_t* values, std::size_t count, std::uint32_t* index) {
  return HWY_DYNAMIC_DISPATCH(FindUint32)(values, count, index);
}
std::size_t find_nonzeros(const float* values, std::size_t count, std::uint32_t* index) {
  return HWY_DYNAMIC_DISPATCH(FindFloat)(values, count, index);
}
std::size_t find_nonzeros(const double* values, std::size_t count, std::uint32_t* index) {
  return HWY_DYNAMIC_DISPATCH(FindDouble)(values, count, index);
}

}  // namespace ruska::kernels
#endif
