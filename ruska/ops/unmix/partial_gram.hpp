// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "ruska/base/large_array.hpp"

namespace ruska::ops::unmix {

/// Buffers that have served, kept for the next use: fresh pages would cost as much as the additions.
class SpareBuffers {
 public:
  /// A buffer of `size` numbers of any value.
  LargeArray<double> take(std::size_t size);
  void give(LargeArray<double>&& values);

 private:
  std::mutex mutex_;
  std::vector<LargeArray<double>> free_;
};

/// The Gram matrix Σ xᵀx of rows x of `columns` numbers, summed along a reduction tree. Rows wait, and merge as rows,
/// until their products are worth the n² additions that a Gram matrix of their own costs; when that is follows from
/// the rows alone.
class PartialGram {
 public:
  /// Without `waits` rows are summed up at once, which takes less memory.
  PartialGram(std::size_t columns, std::shared_ptr<SpareBuffers> spare, bool waits = true);

  /// Room for `count` rows of any value, C order, which the caller fills before anything else is called.
  double* more_dense_rows(std::size_t count);
  /// Rows that stay where they are, C order, as long as `owner` lives.
  void add_dense_rows(std::span<const double> rows, std::shared_ptr<const void> owner);
  /// One row by its nonzeros; channels rise strictly.
  void add_sparse_row(std::span<const std::uint32_t> channel, std::span<const double> value);
  /// Sums up what waits, if it is worth it.
  void settle();
  void merge(PartialGram&& other);

  /// A number that is summed beside the matrix.
  double extra = 0;

  /// columns × columns, C order; only the upper triangle has values. Zeros if no row came.
  LargeArray<double> finish();

  std::vector<std::byte> pack() const;
  static PartialGram unpack(std::span<const std::byte> bytes);

  /// Bytes of one that has settled.
  static std::int64_t most_bytes(std::int64_t columns, bool waits = true);

 private:
  void sum_up();

  std::size_t columns_;
  std::shared_ptr<SpareBuffers> spare_;
  LargeArray<double> packed_;  // upper triangle; empty for zeros
  // Waiting blocks of dense rows: of one's own, or shared.
  struct DenseRows {
    LargeArray<double> own;
    std::span<const double> shared{};
    std::shared_ptr<const void> owner{};
    std::span<const double> values() const { return owner ? shared : own; }
  };
  std::vector<DenseRows> dense_;
  std::vector<std::int64_t> row_start_{0};  // waiting sparse rows
  std::vector<std::uint32_t> channel_;
  std::vector<double> value_;
  std::size_t dense_rows_ = 0, pairs_ = 0;
  bool waits_ = true;
};

}  // namespace ruska::ops::unmix
