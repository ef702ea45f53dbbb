// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/channel_table.hpp"

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/channel_table.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lane = hn::CappedTag<double, table_padding>;

// Products of the nonzeros with one or four vectors of table columns. Even and odd nonzeros are summed apart, which
// hides the latency of the addition; each column's sum has the same order whatever the vectors' length.
template <class D, class Value>
HWY_INLINE void OneVector(D d, std::span<const std::uint32_t> channel, const Value* value, const double* table,
                          std::size_t width, double* out) {
  auto even = hn::Zero(d), odd = hn::Zero(d);
  std::size_t j = 0;
  for (; j + 1 < channel.size(); j += 2) {
    even = hn::MulAdd(hn::Set(d, value[j]), hn::LoadU(d, table + channel[j] * width), even);
    odd = hn::MulAdd(hn::Set(d, value[j + 1]), hn::LoadU(d, table + channel[j + 1] * width), odd);
  }
  if (j < channel.size()) even = hn::MulAdd(hn::Set(d, value[j]), hn::LoadU(d, table + channel[j] * width), even);
  hn::StoreU(hn::Add(even, odd), d, out);
}

template <class D, class Value>
HWY_INLINE void FourVectors(D d, std::span<const std::uint32_t> channel, const Value* value, const double* table,
                            std::size_t width, double* out) {
  const std::size_t lanes = hn::Lanes(d);
  auto even0 = hn::Zero(d), even1 = even0, even2 = even0, even3 = even0;
  auto odd0 = even0, odd1 = even0, odd2 = even0, odd3 = even0;
  const auto add = [&](std::size_t j, auto& sum0, auto& sum1, auto& sum2, auto& sum3) HWY_ATTR {
    const auto factor = hn::Set(d, value[j]);
    const double* cell = table + channel[j] * width;
    sum0 = hn::MulAdd(factor, hn::LoadU(d, cell), sum0);
    sum1 = hn::MulAdd(factor, hn::LoadU(d, cell + lanes), sum1);
    sum2 = hn::MulAdd(factor, hn::LoadU(d, cell + 2 * lanes), sum2);
    sum3 = hn::MulAdd(factor, hn::LoadU(d, cell + 3 * lanes), sum3);
  };
  std::size_t j = 0;
  for (; j + 1 < channel.size(); j += 2) {
    add(j, even0, even1, even2, even3);
    add(j + 1, odd0, odd1, odd2, odd3);
  }
  if (j < channel.size()) add(j, even0, even1, even2, even3);
  hn::StoreU(hn::Add(even0, odd0), d, out);
  hn::StoreU(hn::Add(even1, odd1), d, out + lanes);
  hn::StoreU(hn::Add(even2, odd2), d, out + 2 * lanes);
  hn::StoreU(hn::Add(even3, odd3), d, out + 3 * lanes);
}

template <class Value>
void Products(std::span<const std::uint32_t> channel, const Value* value, const double* table, std::size_t width,
              double* out) {
  const hn::ScalableTag<double> whole;
  const Lane part;
  const std::size_t lanes = hn::Lanes(whole);
  std::size_t k = 0;
  for (; k + 4 * lanes <= width; k += 4 * lanes) FourVectors(whole, channel, value, table + k, width, out + k);
  for (; k + lanes <= width; k += lanes) OneVector(whole, channel, value, table + k, width, out + k);
  for (; k < width; k += hn::Lanes(part)) OneVector(part, channel, value, table + k, width, out + k);
}

void RowTimesTable(std::span<const std::uint32_t> channel, const double* value, const double* table, std::size_t width,
                   double* out) {
  Products(channel, value, table, width, out);
}

void StoredRowTimesTable(std::span<const std::uint32_t> channel, const float* value, const double* table,
                         std::size_t width, double* out) {
  Products(channel, value, table, width, out);
}

template <class D>
HWY_INLINE void AddVector(D d, std::span<const std::uint32_t> channel, const double* value, const double* weight,
                          std::size_t width, double* table) {
  const auto weights = hn::LoadU(d, weight);
  for (std::size_t j = 0; j < channel.size(); ++j) {
    double* cell = table + channel[j] * width;
    hn::StoreU(hn::MulAdd(hn::Set(d, value[j]), weights, hn::LoadU(d, cell)), d, cell);
  }
}

template <class D>
HWY_INLINE void AddTwoVectors(D d, std::span<const std::uint32_t> channel, const double* value, const double* weight,
                              std::size_t width, double* table) {
  const std::size_t lanes = hn::Lanes(d);
  const auto left = hn::LoadU(d, weight), right = hn::LoadU(d, weight + lanes);
  for (std::size_t j = 0; j < channel.size(); ++j) {
    double* cell = table + channel[j] * width;
    const auto factor = hn::Set(d, value[j]);
    hn::StoreU(hn::MulAdd(factor, left, hn::LoadU(d, cell)), d, cell);
    hn::StoreU(hn::MulAdd(factor, right, hn::LoadU(d, cell + lanes)), d, cell + lanes);
  }
}

void AddRowToTable(std::span<const std::uint32_t> channel, const double* value, const double* weight, std::size_t width,
                   double* table) {
  const hn::ScalableTag<double> whole;
  const Lane part;
  const std::size_t lanes = hn::Lanes(whole);
  std::size_t k = 0;
  for (; k + 2 * lanes <= width; k += 2 * lanes) AddTwoVectors(whole, channel, value, weight + k, width, table + k);
  for (; k + lanes <= width; k += lanes) AddVector(whole, channel, value, weight + k, width, table + k);
  for (; k < width; k += hn::Lanes(part)) AddVector(part, channel, value, weight + k, width, table + k);
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(RowTimesTable);
HWY_EXPORT(StoredRowTimesTable);
HWY_EXPORT(AddRowToTable);

void row_times_table(std::span<const std::uint32_t> channel, const double* value, const double* table,
                     std::size_t width, double* out) {
  HWY_DYNAMIC_DISPATCH(RowTimesTable)(channel, value, table, width, out);
}

void row_times_table(std::span<const std::uint32_t> channel, const float* value, const double* table, std::size_t width,
                     double* out) {
  HWY_DYNAMIC_DISPATCH(StoredRowTimesTable)(channel, value, table, width, out);
}

void add_row_to_table(std::span<const std::uint32_t> channel, const double* value, const double* weight,
                      std::size_t width, double* table) {
  HWY_DYNAMIC_DISPATCH(AddRowToTable)(channel, value, weight, width, table);
}

namespace reference {

void row_times_table(std::span<const std::uint32_t> channel, const double* value, const double* table,
                     std::size_t width, double* out) {
  for (std::size_t k = 0; k < width; ++k) {
    out[k] = 0;
    for (std::size_t j = 0; j < channel.size(); ++j) out[k] += value[j] * table[channel[j] * width + k];
  }
}

void add_row_to_table(std::span<const std::uint32_t> channel, const double* value, const double* weight,
                      std::size_t width, double* table) {
  for (std::size_t j = 0; j < channel.size(); ++j) {
    for (std::size_t k = 0; k < width; ++k) table[channel[j] * width + k] += value[j] * weight[k];
  }
}

}  // namespace reference
}  // namespace ruska::kernels
#endif
