// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/weighted_matrix.hpp"

#include <algorithm>

#include "ruska/base/random.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {

std::int64_t WeightedMatrix::used_rows() const {
  return std::ranges::count_if(row_weight, [](double weight) { return weight != 0; });
}
std::int64_t WeightedMatrix::used_columns() const {
  return std::ranges::count_if(column_weight, [](double weight) { return weight != 0; });
}

bool WeightedMatrix::unweighted() const {
  if (centred() || part != CountPart::whole) return false;
  for (std::size_t r = 0; r < row_weight.size(); ++r) {
    if (row_weight[r] != 1 && !data.row_masked(static_cast<std::int64_t>(r))) return false;
  }
  for (std::size_t c = 0; c < column_weight.size(); ++c) {
    if (column_weight[c] != 1 && !data.column_masked(static_cast<std::int64_t>(c))) return false;
  }
  return true;
}

void weighted_dense(const WeightedMatrix& matrix, const RowBlock& block, double* out) {
  const auto columns = static_cast<std::size_t>(matrix.data.columns());
  RowValues values(block, matrix.data.columns());
  for (std::int64_t r = 0; r < block.range.size(); ++r) {
    const std::int64_t row = block.range.begin + r;
    const double weight = matrix.row_weight[static_cast<std::size_t>(row)];
    double* dense = out + static_cast<std::size_t>(r) * columns;
    if (weight == 0 || block.sparse || matrix.part != CountPart::whole) std::fill(dense, dense + columns, 0.0);
    if (weight == 0) continue;
    const double* from = dense;
    if (!block.sparse && matrix.part == CountPart::whole) {
      from = block.dense.data() + static_cast<std::size_t>(r) * columns;
    } else {
      values.go_to(r);
      thin(matrix, row, values.channel(), values.value());
      for (std::size_t j = 0; j < values.channel().size(); ++j) dense[values.channel()[j]] = values.value()[j];
    }
    const double* column_weight = matrix.column_weight.data();
    if (!matrix.column_mean.empty()) {
      const double* mean = matrix.column_mean.data();
      for (std::size_t c = 0; c < columns; ++c) dense[c] = (from[c] - mean[c]) * weight * column_weight[c];
    } else {
      const double mean = matrix.row_mean.empty() ? 0.0 : matrix.row_mean[static_cast<std::size_t>(row)];
      for (std::size_t c = 0; c < columns; ++c) dense[c] = (from[c] - mean) * weight * column_weight[c];
    }
  }
}

void thin(const WeightedMatrix& matrix, std::int64_t row, std::span<const std::uint32_t> channel,
          std::span<double> value) {
  if (matrix.part == CountPart::whole) return;
  for (std::size_t j = 0; j < value.size(); ++j) {
    const auto element = static_cast<std::uint64_t>(row * matrix.data.columns()) + channel[j];
    const auto first = static_cast<double>(
        Random(matrix.seed, "count_split", element).binomial(static_cast<std::uint64_t>(value[j]), 0.5));
    value[j] = matrix.part == CountPart::first_half ? first : value[j] - first;
  }
}

}  // namespace ruska::ops::unmix
