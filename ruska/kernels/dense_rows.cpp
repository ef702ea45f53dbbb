// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/dense_rows.hpp"

#include <cmath>

#include "ruska/kernels/channel_table.hpp"

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/dense_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A tile is four rows by two vectors: eight sums, which hide the latency of the multiply-adds, two vectors of the table
// and a factor fill the registers of every target. What is left over goes row by row and vector by vector.

/// The strip of columns [k, k + vectors) of all rows; `k` is already added to `table` and `out`.
template <class D>
HWY_INLINE void TimesPair(D d, const double* rows, std::size_t count, std::size_t columns, const double* table,
                          std::size_t width, double* out) {
  const std::size_t lanes = hn::Lanes(d);
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const double* row0 = rows + r * columns;
    const double *row1 = row0 + columns, *row2 = row1 + columns, *row3 = row2 + columns;
    auto a0 = hn::Zero(d), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    for (std::size_t c = 0; c < columns; ++c) {
      const double* cell = table + c * width;
      const auto left = hn::LoadU(d, cell), right = hn::LoadU(d, cell + lanes);
      const auto x0 = hn::Set(d, row0[c]), x1 = hn::Set(d, row1[c]), x2 = hn::Set(d, row2[c]), x3 = hn::Set(d, row3[c]);
      a0 = hn::MulAdd(x0, left, a0);
      b0 = hn::MulAdd(x0, right, b0);
      a1 = hn::MulAdd(x1, left, a1);
      b1 = hn::MulAdd(x1, right, b1);
      a2 = hn::MulAdd(x2, left, a2);
      b2 = hn::MulAdd(x2, right, b2);
      a3 = hn::MulAdd(x3, left, a3);
      b3 = hn::MulAdd(x3, right, b3);
    }
    double* to = out + r * width;
    hn::StoreU(a0, d, to);
    hn::StoreU(b0, d, to + lanes);
    hn::StoreU(a1, d, to + width);
    hn::StoreU(b1, d, to + width + lanes);
    hn::StoreU(a2, d, to + 2 * width);
    hn::StoreU(b2, d, to + 2 * width + lanes);
    hn::StoreU(a3, d, to + 3 * width);
    hn::StoreU(b3, d, to + 3 * width + lanes);
  }
  for (; r < count; ++r) {
    const double* row = rows + r * columns;
    auto a = hn::Zero(d), b = a;
    for (std::size_t c = 0; c < columns; ++c) {
      const auto x = hn::Set(d, row[c]);
      a = hn::MulAdd(x, hn::LoadU(d, table + c * width), a);
      b = hn::MulAdd(x, hn::LoadU(d, table + c * width + lanes), b);
    }
    hn::StoreU(a, d, out + r * width);
    hn::StoreU(b, d, out + r * width + lanes);
  }
}

template <class D>
HWY_INLINE void TimesOne(D d, const double* rows, std::size_t count, std::size_t columns, const double* table,
                         std::size_t width, double* out) {
  for (std::size_t r = 0; r < count; ++r) {
    const double* row = rows + r * columns;
    auto sum = hn::Zero(d);
    for (std::size_t c = 0; c < columns; ++c) {
      sum = hn::MulAdd(hn::Set(d, row[c]), hn::LoadU(d, table + c * width), sum);
    }
    hn::StoreU(sum, d, out + r * width);
  }
}

template <class D>
HWY_INLINE void AddPair(D d, const double* rows, std::size_t count, std::size_t columns, const double* weight,
                        std::size_t width, double* table) {
  const std::size_t lanes = hn::Lanes(d);
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const double* row0 = rows + r * columns;
    const double *row1 = row0 + columns, *row2 = row1 + columns, *row3 = row2 + columns;
    const double* from = weight + r * width;
    const auto a0 = hn::LoadU(d, from), b0 = hn::LoadU(d, from + lanes);
    const auto a1 = hn::LoadU(d, from + width), b1 = hn::LoadU(d, from + width + lanes);
    const auto a2 = hn::LoadU(d, from + 2 * width), b2 = hn::LoadU(d, from + 2 * width + lanes);
    const auto a3 = hn::LoadU(d, from + 3 * width), b3 = hn::LoadU(d, from + 3 * width + lanes);
    for (std::size_t c = 0; c < columns; ++c) {
      double* cell = table + c * width;
      auto left = hn::LoadU(d, cell), right = hn::LoadU(d, cell + lanes);
      const auto x0 = hn::Set(d, row0[c]), x1 = hn::Set(d, row1[c]), x2 = hn::Set(d, row2[c]), x3 = hn::Set(d, row3[c]);
      left = hn::MulAdd(x0, a0, left);
      right = hn::MulAdd(x0, b0, right);
      left = hn::MulAdd(x1, a1, left);
      right = hn::MulAdd(x1, b1, right);
      left = hn::MulAdd(x2, a2, left);
      right = hn::MulAdd(x2, b2, right);
      left = hn::MulAdd(x3, a3, left);
      right = hn::MulAdd(x3, b3, right);
      hn::StoreU(left, d, cell);
      hn::StoreU(right, d, cell + lanes);
    }
  }
  for (; r < count; ++r) {
    const double* row = rows + r * columns;
    const auto a = hn::LoadU(d, weight + r * width), b = hn::LoadU(d, weight + r * width + lanes);
    for (std::size_t c = 0; c < columns; ++c) {
      double* cell = table + c * width;
      const auto x = hn::Set(d, row[c]);
      hn::StoreU(hn::MulAdd(x, a, hn::LoadU(d, cell)), d, cell);
      hn::StoreU(hn::MulAdd(x, b, hn::LoadU(d, cell + lanes)), d, cell + lanes);
    }
  }
}

template <class D>
HWY_INLINE void AddOne(D d, const double* rows, std::size_t count, std::size_t columns, const double* weight,
                       std::size_t width, double* table) {
  for (std::size_t r = 0; r < count; ++r) {
    const double* row = rows + r * columns;
    const auto a = hn::LoadU(d, weight + r * width);
    for (std::size_t c = 0; c < columns; ++c) {
      double* cell = table + c * width;
      hn::StoreU(hn::MulAdd(hn::Set(d, row[c]), a, hn::LoadU(d, cell)), d, cell);
    }
  }
}

void RowsTimesTable(const double* rows, std::size_t count, std::size_t columns, const double* table, std::size_t width,
                    double* out) {
  const hn::ScalableTag<double> whole;
  const hn::CappedTag<double, table_padding> part;
  const std::size_t lanes = hn::Lanes(whole);
  std::size_t k = 0;
  for (; k + 2 * lanes <= width; k += 2 * lanes) TimesPair(whole, rows, count, columns, table + k, width, out + k);
  for (; k + lanes <= width; k += lanes) TimesOne(whole, rows, count, columns, table + k, width, out + k);
  for (; k < width; k += hn::Lanes(part)) TimesOne(part, rows, count, columns, table + k, width, out + k);
}

void AddRowsToTable(const double* rows, std::size_t count, std::size_t columns, const double* weight, std::size_t width,
                    double* table) {
  const hn::ScalableTag<double> whole;
  const hn::CappedTag<double, table_padding> part;
  const std::size_t lanes = hn::Lanes(whole);
  std::size_t k = 0;
  for (; k + 2 * lanes <= width; k += 2 * lanes) AddPair(whole, rows, count, columns, weight + k, width, table + k);
  for (; k + lanes <= width; k += lanes) AddOne(whole, rows, count, columns, weight + k, width, table + k);
  for (; k < width; k += hn::Lanes(part)) AddOne(part, rows, count, columns, weight + k, width, table + k);
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(RowsTimesTable);
HWY_EXPORT(AddRowsToTable);

void rows_times_table(const double* rows, std::size_t count, std::size_t columns, const double* table,
                      std::size_t width, double* out) {
  HWY_DYNAMIC_DISPATCH(RowsTimesTable)(rows, count, columns, table, width, out);
}

void add_rows_to_table(const double* rows, std::size_t count, std::size_t columns, const double* weight,
                       std::size_t width, double* table) {
  HWY_DYNAMIC_DISPATCH(AddRowsToTable)(rows, count, columns, weight, width, table);
}

namespace reference {

void rows_times_table(const double* rows, std::size_t count, std::size_t columns, const double* table,
                      std::size_t width, double* out) {
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t k = 0; k < width; ++k) {
      double sum = 0;
      for (std::size_t c = 0; c < columns; ++c) sum = std::fma(rows[r * columns + c], table[c * width + k], sum);
      out[r * width + k] = sum;
    }
  }
}

void add_rows_to_table(const double* rows, std::size_t count, std::size_t columns, const double* weight,
                       std::size_t width, double* table) {
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      for (std::size_t k = 0; k < width; ++k) {
        double& cell = table[c * width + k];
        cell = std::fma(rows[r * columns + c], weight[r * width + k], cell);
      }
    }
  }
}

}  // namespace reference
}  // namespace ruska::kernels
#endif
