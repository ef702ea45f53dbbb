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

void RowTimesTable(std::span<const std::uint32_t> channel, const double* value, const double* table, std::size_t width,
                   double* out) {
  const Lane d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t k = 0; k < width; k += lanes) {
    // Two chains hide the latency of the addition.
    auto even = hn::Zero(d), odd = hn::Zero(d);
    std::size_t j = 0;
    for (; j + 1 < channel.size(); j += 2) {
      even = hn::MulAdd(hn::Set(d, value[j]), hn::LoadU(d, table + channel[j] * width + k), even);
      odd = hn::MulAdd(hn::Set(d, value[j + 1]), hn::LoadU(d, table + channel[j + 1] * width + k), odd);
    }
    if (j < channel.size()) even = hn::MulAdd(hn::Set(d, value[j]), hn::LoadU(d, table + channel[j] * width + k), even);
    hn::StoreU(hn::Add(even, odd), d, out + k);
  }
}

void AddRowToTable(std::span<const std::uint32_t> channel, const double* value, const double* weight, std::size_t width,
                   double* table) {
  const Lane d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t k = 0; k < width; k += lanes) {
    const auto weights = hn::LoadU(d, weight + k);
    for (std::size_t j = 0; j < channel.size(); ++j) {
      double* cell = table + channel[j] * width + k;
      hn::StoreU(hn::MulAdd(hn::Set(d, value[j]), weights, hn::LoadU(d, cell)), d, cell);
    }
  }
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(RowTimesTable);
HWY_EXPORT(AddRowToTable);

void row_times_table(std::span<const std::uint32_t> channel, const double* value, const double* table,
                     std::size_t width, double* out) {
  HWY_DYNAMIC_DISPATCH(RowTimesTable)(channel, value, table, width, out);
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
