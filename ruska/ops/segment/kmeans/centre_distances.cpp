// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/kmeans/centre_distances.hpp"

#include <cblas.h>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::segment {

CentreDistances::CentreDistances(const FeatureSpace& space, std::span<const double> centres, std::int64_t count)
    : columns_(static_cast<std::int64_t>(space.column_factor.size())),
      width_(kernels::padded_width(static_cast<std::size_t>(count))),
      own_table_(static_cast<std::size_t>(columns_) * width_, 0.0),
      own_constant_(width_, 0.0) {
  const auto columns = static_cast<std::size_t>(columns_);
  for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
    double square = 0, product = 0;
    for (std::size_t c = 0; c < columns; ++c) {
      const double centre = centres[k * columns + c];
      own_table_[c * width_ + k] = centre * space.column_factor[c];
      square += centre * centre;
      product += centre * space.mean[c];
    }
    own_constant_[k] = square + 2 * product;
  }
  table_ = own_table_;
  constant_ = own_constant_;
}

void CentreDistances::go_to(const RowBlock& block) {
  const std::int64_t rows = block.range.size();
  products_.resize(static_cast<std::size_t>(rows) * width_);
  if (!block.sparse) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(rows), static_cast<int>(width_),
                static_cast<int>(columns_), 1.0, block.dense.data(), static_cast<int>(columns_), table_.data(),
                static_cast<int>(width_), 0.0, products_.data(), static_cast<int>(width_));
    return;
  }
  unmix::RowValues values(block, columns_);
  for (std::int64_t r = 0; r < rows; ++r) {
    values.go_to(r);
    kernels::row_times_table(values.channel(), values.value().data(), table_.data(), width_,
                             products_.data() + static_cast<std::size_t>(r) * width_);
  }
}

std::int64_t CentreDistances::table_bytes(std::int64_t channels, std::int64_t count) {
  return 8 * (channels + 1) * static_cast<std::int64_t>(kernels::padded_width(static_cast<std::size_t>(count)));
}

std::int64_t CentreDistances::product_bytes(std::int64_t rows, std::int64_t count) {
  return 8 * rows * static_cast<std::int64_t>(kernels::padded_width(static_cast<std::size_t>(count)));
}

}  // namespace ruska::ops::segment
