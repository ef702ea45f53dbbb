// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Eight rows are turned into eight-byte groups by three rounds of interleaving, within which the 8 × 8 bits are then
// transposed by three rounds of swaps (H. S. Warren, "Hacker's Delight", 7-3).
#include "ruska/kernels/bit_planes.hpp"

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/bit_planes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void MergeBitRows(const std::uint8_t* rows, std::size_t row_bytes, std::uint8_t* out) {
  reference::merge_bit_rows(rows, row_bytes, 0, row_bytes, out);
}

void MergeBytePlanes(const std::uint8_t* planes, std::size_t elements, std::size_t item, std::uint8_t* out) {
  reference::merge_byte_planes(planes, elements, item, 0, elements, out);
}

void SplitBytePlanes(const std::uint8_t* in, std::size_t elements, std::size_t item, std::uint8_t* planes) {
  reference::split_byte_planes(in, elements, item, 0, elements, planes);
}

#else

// Vectors of unknown length cannot be halved down to 16 bytes.
using BytesTag = hn::CappedTag<std::uint8_t, HWY_HAVE_SCALABLE ? 16 : 64>;

/// Stores the 16-byte blocks of a vector `stride` bytes apart.
template <class D>
HWY_INLINE void store_blocks(D d, hn::VFromD<D> v, std::uint8_t* out, std::size_t stride) {
  if constexpr (hn::MaxLanes(D()) <= 16) {
    hn::StoreU(v, d, out);
  } else {
    const hn::Half<D> half;
    store_blocks(half, hn::LowerHalf(half, v), out, stride);
    store_blocks(half, hn::UpperHalf(half, v), out + stride * (hn::MaxLanes(half) / 16), stride);
  }
}

template <class D64>
HWY_INLINE hn::VFromD<D64> transpose_bits(D64 d, hn::VFromD<D64> x) {
  auto swap = hn::And(hn::Xor(x, hn::ShiftRight<7>(x)), hn::Set(d, 0x00AA00AA00AA00AAULL));
  x = hn::Xor(x, hn::Xor(swap, hn::ShiftLeft<7>(swap)));
  swap = hn::And(hn::Xor(x, hn::ShiftRight<14>(x)), hn::Set(d, 0x0000CCCC0000CCCCULL));
  x = hn::Xor(x, hn::Xor(swap, hn::ShiftLeft<14>(swap)));
  swap = hn::And(hn::Xor(x, hn::ShiftRight<28>(x)), hn::Set(d, 0x00000000F0F0F0F0ULL));
  return hn::Xor(x, hn::Xor(swap, hn::ShiftLeft<28>(swap)));
}

/// Rows as groups of eight bytes, one of each row, the bits of a group transposed where wanted. Returns how many bytes
/// of each row were done.
template <bool bits>
HWY_INLINE std::size_t merge_eight(const std::uint8_t* rows, std::size_t row_bytes, std::uint8_t* out) {
  const BytesTag d8;
  const hn::RepartitionToWide<BytesTag> d16;
  const hn::RepartitionToWide<decltype(d16)> d32;
  const hn::RepartitionToWide<decltype(d32)> d64;
  const std::size_t lanes = hn::Lanes(d8);
  std::size_t i = 0;
  for (; i + lanes <= row_bytes; i += lanes) {
    const std::uint8_t* const from = rows + i;
    const auto row = [&](std::size_t b) HWY_ATTR { return hn::LoadU(d8, from + b * row_bytes); };
    const auto r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3), r4 = row(4), r5 = row(5), r6 = row(6), r7 = row(7);
    const auto put = [&](std::size_t k, auto group) HWY_ATTR {
      auto words = hn::BitCast(d64, group);
      if constexpr (bits) words = transpose_bits(d64, words);
      store_blocks(d8, hn::BitCast(d8, words), out + 8 * i + 16 * k, 128);
    };
    const auto four = [&](std::size_t k, auto r01, auto r23, auto r45, auto r67) HWY_ATTR {
      const auto a = hn::BitCast(d16, r01), b = hn::BitCast(d16, r23), c = hn::BitCast(d16, r45),
                 e = hn::BitCast(d16, r67);
      const auto low = hn::BitCast(d32, hn::InterleaveLower(d16, a, b));
      const auto low_next = hn::BitCast(d32, hn::InterleaveLower(d16, c, e));
      const auto high = hn::BitCast(d32, hn::InterleaveUpper(d16, a, b));
      const auto high_next = hn::BitCast(d32, hn::InterleaveUpper(d16, c, e));
      put(k, hn::InterleaveLower(d32, low, low_next));
      put(k + 1, hn::InterleaveUpper(d32, low, low_next));
      put(k + 2, hn::InterleaveLower(d32, high, high_next));
      put(k + 3, hn::InterleaveUpper(d32, high, high_next));
    };
    four(0, hn::InterleaveLower(d8, r0, r1), hn::InterleaveLower(d8, r2, r3), hn::InterleaveLower(d8, r4, r5),
         hn::InterleaveLower(d8, r6, r7));
    four(4, hn::InterleaveUpper(d8, r0, r1), hn::InterleaveUpper(d8, r2, r3), hn::InterleaveUpper(d8, r4, r5),
         hn::InterleaveUpper(d8, r6, r7));
  }
  return i;
}

void MergeBitRows(const std::uint8_t* rows, std::size_t row_bytes, std::uint8_t* out) {
  const std::size_t done = merge_eight<true>(rows, row_bytes, out);
  reference::merge_bit_rows(rows, row_bytes, done, row_bytes, out);
}

void MergeBytePlanes(const std::uint8_t* planes, std::size_t elements, std::size_t item, std::uint8_t* out) {
  const BytesTag d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  if (item == 2) {
    for (; i + lanes <= elements; i += lanes) {
      hn::StoreInterleaved2(hn::LoadU(d, planes + i), hn::LoadU(d, planes + elements + i), d, out + 2 * i);
    }
  } else if (item == 4) {
    for (; i + lanes <= elements; i += lanes) {
      hn::StoreInterleaved4(hn::LoadU(d, planes + i), hn::LoadU(d, planes + elements + i),
                            hn::LoadU(d, planes + 2 * elements + i), hn::LoadU(d, planes + 3 * elements + i), d,
                            out + 4 * i);
    }
  } else if (item == 8) {
    i = merge_eight<false>(planes, elements, out);
  }
  reference::merge_byte_planes(planes, elements, item, i, elements, out);
}

void SplitBytePlanes(const std::uint8_t* in, std::size_t elements, std::size_t item, std::uint8_t* planes) {
  const BytesTag d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  if (item == 2) {
    for (; i + lanes <= elements; i += lanes) {
      hn::VFromD<BytesTag> a, b;
      hn::LoadInterleaved2(d, in + 2 * i, a, b);
      hn::StoreU(a, d, planes + i);
      hn::StoreU(b, d, planes + elements + i);
    }
  } else if (item == 4) {
    for (; i + lanes <= elements; i += lanes) {
      hn::VFromD<BytesTag> a, b, c, e;
      hn::LoadInterleaved4(d, in + 4 * i, a, b, c, e);
      hn::StoreU(a, d, planes + i);
      hn::StoreU(b, d, planes + elements + i);
      hn::StoreU(c, d, planes + 2 * elements + i);
      hn::StoreU(e, d, planes + 3 * elements + i);
    }
  }
  reference::split_byte_planes(in, elements, item, i, elements, planes);
}

#endif

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(MergeBitRows);
HWY_EXPORT(MergeBytePlanes);
HWY_EXPORT(SplitBytePlanes);

void merge_bit_rows(const std::uint8_t* rows, std::size_t row_bytes, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(MergeBitRows)(rows, row_bytes, out);
}

void merge_byte_planes(const std::uint8_t* planes, std::size_t elements, std::size_t item, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(MergeBytePlanes)(planes, elements, item, out);
}

void split_byte_planes(const std::uint8_t* in, std::size_t elements, std::size_t item, std::uint8_t* planes) {
  HWY_DYNAMIC_DISPATCH(SplitBytePlanes)(in, elements, item, planes);
}

}  // namespace ruska::kernels
#endif
