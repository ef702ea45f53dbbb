// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ruska/core/dataset.hpp"
#include "ruska/core/executor.hpp"

namespace ruska {

/// A run of rows, either sparse or dense. Which one follows from the values alone: sparse when at most a quarter of
/// them differ from zero and all are exact in float32. Valid as long as the rows that gave it.
struct RowBlock {
  RowBlock() = default;
  RowBlock(const RowBlock&) = delete;
  RowBlock& operator=(const RowBlock&) = delete;

  RowRange range;
  bool sparse = false;
  // sparse: compressed rows, channels rising within a row
  std::vector<std::int64_t> row_start{};
  std::vector<std::uint32_t> channel{};
  std::vector<float> value{};
  // dense: range.size() × columns, C order; the data's own memory where that holds them so, else `converted`
  std::span<const double> dense{};
  std::vector<double> converted{};

  std::int64_t bytes() const;
};

/// What to leave out: one byte per row or column, nonzero leaves it out; empty for none.
struct Masks {
  std::vector<std::uint8_t> rows{};
  std::vector<std::uint8_t> columns{};
};

/// A dataset as a matrix: one row per navigation position (C order), one column per signal channel, read partition by
/// partition. Masked rows and columns read as zeros. Blocks that fit the context's memory stay cached between passes;
/// the values that a pass sees are the same either way.
class Rows {
 public:
  /// `reserved` is what the caller itself will hold; the cache gets the rest of the memory budget.
  /// Throws invalid_argument for complex data, a mask of the wrong size, and out_of_memory when one partition per
  /// thread does not fit.
  Rows(Dataset data, Context& context, Masks masks = {}, std::int64_t reserved = 0);
  ~Rows();

  std::int64_t rows() const { return partitions_.rows(); }
  std::int64_t columns() const { return columns_; }
  const Partitions& partitions() const { return partitions_; }
  const Dataset& data() const { return data_; }
  bool row_masked(std::int64_t row) const { return !masks_.rows.empty() && masks_.rows[row] != 0; }
  bool column_masked(std::int64_t column) const { return !masks_.columns.empty() && masks_.columns[column] != 0; }

  /// The values of a partition. May be called from several threads.
  std::shared_ptr<const RowBlock> block(std::int64_t partition) const;

  /// Bytes that one worker needs at the peak while a block is read.
  static std::int64_t bytes_per_worker(const Description& description);

 private:
  struct Cache;
  std::shared_ptr<const RowBlock> read_block(std::int64_t partition) const;

  Dataset data_;
  Masks masks_;
  std::int64_t columns_;
  Partitions partitions_;
  std::unique_ptr<Cache> cache_;
};

/// The partitions that `Rows` cuts a dataset into.
Partitions partitions_of(const Description& description);

/// The boxes that together make the rows [begin, end) of the navigation axes, in order.
std::vector<Region> regions_of_rows(const Description& description, RowRange rows);

/// A mask input as one byte per element; nonzero leaves out. Throws invalid_argument naming `port` when the shape is
/// not `expected`.
std::vector<std::uint8_t> read_mask(const Dataset* mask, const Shape& expected, const std::string& port);

}  // namespace ruska
