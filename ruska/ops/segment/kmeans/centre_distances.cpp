// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/kmeans/centre_distances.hpp"

#include <numeric>

#include <cblas.h>

#include "ruska/kernels/channel_table.hpp"

namespace ruska::ops::segment {

CentreDistances::CentreDistances(const FeatureSpace& space, std::span<const double> centres, std::int64_t count)
    : columns_(static_cast<std::int64_t>(space.column_factor.size())),
      width_(kernels::padded_width(static_cast<std::size_t>(count))),
      own_table_(static_cast<std::size_t>(columns_) * width_, 0.0),
      own_constant_(width_, 0.0) {
  const auto columns = static_cast<std::size_t>(columns_);
  for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
    const double* centre = centres.data() + k * columns;
    for (std::size_t c = 0; c < columns; ++c) own_table_[c * width_ + k] = centre[c] * space.column_factor[c];
    const auto length = static_cast<int>(columns);
    own_constant_[k] =
        cblas_ddot(length, centre, 1, centre, 1) + 2 * cblas_ddot(length, centre, 1, space.mean.data(), 1);
  }
  table_ = own_table_;
  constant_ = own_constant_;
}

void CentreDistances::go_to(const RowBlock& block) {
  if (!block.sparse) {
    multiply(block.range.size(), block.dense.data());
    return;
  }
  std::vector<std::int64_t> all(static_cast<std::size_t>(block.range.size()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  go_to(block, all);
}

void CentreDistances::go_to(const RowBlock& block, std::span<const std::int64_t> rows) {
  if (!block.sparse) {
    if (static_cast<std::int64_t>(rows.size()) == block.range.size()) return go_to(block);
    chosen_.clear();
    for (const std::int64_t row : rows) {
      const auto dense = block.dense.begin() + row * columns_;
      chosen_.insert(chosen_.end(), dense, dense + columns_);
    }
    multiply(static_cast<std::int64_t>(rows.size()), chosen_.data());
    return;
  }
  products_.resize(rows.size() * width_);
  const std::span<const std::uint32_t> channel(block.channel);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(rows[i]);
    const auto begin = static_cast<std::size_t>(block.row_start[row]);
    const auto size = static_cast<std::size_t>(block.row_start[row + 1]) - begin;
    kernels::row_times_table(channel.subspan(begin, size), block.value.data() + begin, table_.data(), width_,
                             products_.data() + i * width_);
  }
}

void CentreDistances::multiply(std::int64_t rows, const double* dense) {
  products_.resize(static_cast<std::size_t>(rows) * width_);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(rows), static_cast<int>(width_),
              static_cast<int>(columns_), 1.0, dense, static_cast<int>(columns_), table_.data(),
              static_cast<int>(width_), 0.0, products_.data(), static_cast<int>(width_));
}

std::int64_t CentreDistances::table_bytes(std::int64_t channels, std::int64_t count) {
  return 8 * (channels + 1) * static_cast<std::int64_t>(kernels::padded_width(static_cast<std::size_t>(count)));
}

std::int64_t CentreDistances::product_bytes(std::int64_t rows, std::int64_t count) {
  return 8 * rows * static_cast<std::int64_t>(kernels::padded_width(static_cast<std::size_t>(count)));
}

}  // namespace ruska::ops::segment
