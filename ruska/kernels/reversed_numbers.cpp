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

void ReverseNumbersOfRows(const std::uint8_t* in, std::ptrdiff_t in_step, std::size_t rows, std::size_t bytes,
                          std::size_t width, std::uint8_t* out, std::ptrdiff_t out_step) {
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint8_t> d;
  HWY_ALIGN std::uint8_t order[16];
  for (std::size_t b = 0; b < 16; ++b) order[b] = static_cast<std::uint8_t>(b ^ (width - 1));
  const auto places = hn::LoadDup128(d, order);
  const std::size_t lanes = hn::Lanes(d);
  const hn::CappedTag<std::uint8_t, 16> d16;
  const auto places_16 = hn::Load(d16, order);
#endif
  for (; rows > 0; --rows, in += in_step, out += out_step) {
    std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
    // Up to where whole vectors are aligned: one that straddles two cache lines costs as much as two.
    const std::size_t head = (0 - reinterpret_cast<std::uintptr_t>(out)) & (lanes - 1);
    if (head % 16 == 0 && head <= bytes) {
      for (; i < head; i += 16) hn::StoreU(hn::TableLookupBytes(hn::LoadU(d16, in + i), places_16), d16, out + i);
    }
    for (; i + 4 * lanes <= bytes; i += 4 * lanes) {
      const auto a = hn::TableLookupBytes(hn::LoadU(d, in + i), places);
      const auto b = hn::TableLookupBytes(hn::LoadU(d, in + i + lanes), places);
      const auto c = hn::TableLookupBytes(hn::LoadU(d, in + i + 2 * lanes), places);
      const auto e = hn::TableLookupBytes(hn::LoadU(d, in + i + 3 * lanes), places);
      hn::StoreU(a, d, out + i);
      hn::StoreU(b, d, out + i + lanes);
      hn::StoreU(c, d, out + i + 2 * lanes);
      hn::StoreU(e, d, out + i + 3 * lanes);
    }
    for (; i + lanes <= bytes; i += lanes) hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, in + i), places), d, out + i);
    for (; i + 16 <= bytes; i += 16) hn::StoreU(hn::TableLookupBytes(hn::LoadU(d16, in + i), places_16), d16, out + i);
#endif
    reference::reverse_numbers(in, i, bytes, width, out);
  }
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(ReverseNumbersOfRows);

void reverse_numbers(const std::uint8_t* in, std::size_t bytes, std::size_t width, std::uint8_t* out) {
  reverse_numbers_of_rows(in, 0, 1, bytes, width, out, 0);
}

void reverse_numbers_of_rows(const std::uint8_t* in, std::ptrdiff_t in_step, std::size_t rows, std::size_t bytes,
                             std::size_t width, std::uint8_t* out, std::ptrdiff_t out_step) {
  HWY_DYNAMIC_DISPATCH(ReverseNumbersOfRows)(in, in_step, rows, bytes, width, out, out_step);
}

}  // namespace ruska::kernels
#endif
