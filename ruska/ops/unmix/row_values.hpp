// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "ruska/core/rows.hpp"

namespace ruska::ops::unmix {

/// The nonzeros of one row at a time, in double precision, whichever form a block has. One object per worker and block.
class RowValues {
 public:
  RowValues(const RowBlock& block, std::int64_t columns) : block_(block), columns_(columns) {}

  /// Goes to a row, counted within the block.
  void go_to(std::int64_t row) {
    if (block_.sparse) {
      const auto begin = static_cast<std::size_t>(block_.row_start[static_cast<std::size_t>(row)]);
      const auto end = static_cast<std::size_t>(block_.row_start[static_cast<std::size_t>(row) + 1]);
      channel_ = std::span(block_.channel).subspan(begin, end - begin);
      value_.assign(block_.value.begin() + static_cast<std::ptrdiff_t>(begin),
                    block_.value.begin() + static_cast<std::ptrdiff_t>(end));
      return;
    }
    found_.clear();
    value_.clear();
    const double* dense = block_.dense.data() + row * columns_;
    for (std::int64_t column = 0; column < columns_; ++column) {
      if (dense[column] == 0) continue;
      found_.push_back(static_cast<std::uint32_t>(column));
      value_.push_back(dense[column]);
    }
    channel_ = found_;
  }

  /// Channels of the nonzeros, rising.
  std::span<const std::uint32_t> channel() const { return channel_; }
  /// Their values, the caller's to scale.
  std::span<double> value() { return value_; }

 private:
  const RowBlock& block_;
  std::int64_t columns_;
  std::span<const std::uint32_t> channel_;
  std::vector<std::uint32_t> found_;
  std::vector<double> value_;
};

/// A row of a block, zeros included, to `values`, as many as there are columns. The row is counted within the block.
inline void copy_row(const RowBlock& block, std::int64_t row, std::span<double> values) {
  if (!block.sparse) {
    std::copy_n(block.dense.begin() + row * static_cast<std::int64_t>(values.size()), values.size(), values.begin());
    return;
  }
  std::fill(values.begin(), values.end(), 0.0);
  const auto end = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(row) + 1]);
  for (auto i = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(row)]); i < end; ++i) {
    values[block.channel[i]] = static_cast<double>(block.value[i]);
  }
}

}  // namespace ruska::ops::unmix
