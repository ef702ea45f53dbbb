// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/reversed_numbers.hpp"

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/reversed_numbers.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void ReverseNumbers(const std::uint8_t* in, std::size_t bytes, std::size_t width, std::uint8_t* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint8_t> d;
  HWY_ALIGN std::uint8_t order[16];
  for (std::size_t b = 0; b < 16; ++b) order[b] = static_cast<std::uint8_t>(b ^ (width - 1));
  const auto places = hn::LoadDup128(d, order);
  const std::size_t lanes = hn::Lanes(d);
  for (; i + lanes <= bytes; i += lanes) hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, in + i), places), d, out + i);
#endif
  reference::reverse_numbers(in, i, bytes, width, out);
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(ReverseNumbers);

void reverse_numbers(const std::uint8_t* in, std::size_t bytes, std::size_t width, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(ReverseNumbers)(in, bytes, width, out);
}

}  // namespace ruska::kernels
#endif
