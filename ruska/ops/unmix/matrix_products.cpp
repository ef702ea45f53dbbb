// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/matrix_products.hpp"

#include <algorithm>

#include <cblas.h>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/kernels/dense_rows.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

using kernels::padded_width;

void add(std::vector<double>& left, const std::vector<double>& right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
}

/// A table (channels × padded count) of vectors times column weights.
std::vector<double> weighted_table(const WeightedMatrix& matrix, const std::vector<double>& vectors,
                                   std::int64_t count) {
  const auto n = static_cast<std::size_t>(matrix.data.columns());
  const std::size_t width = padded_width(static_cast<std::size_t>(count));
  std::vector<double> table(n * width, 0.0);
  for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
    for (std::size_t c = 0; c < n; ++c) table[c * width + k] = vectors[k * n + c] * matrix.column_weight[c];
  }
  return table;
}

/// What centring subtracts from the products of every row with the vectors: mean · vectors (column mean) or the sums
/// of the vectors (to be multiplied by the row's mean).
std::vector<double> table_offsets(const WeightedMatrix& matrix, const std::vector<double>& table, std::size_t width) {
  std::vector<double> offsets(width, 0.0);
  if (!matrix.centred()) return offsets;
  for (std::size_t c = 0; c < matrix.column_weight.size(); ++c) {
    const double factor = matrix.column_mean.empty() ? 1.0 : matrix.column_mean[c];
    for (std::size_t k = 0; k < width; ++k) offsets[k] += factor * table[c * width + k];
  }
  return offsets;
}

/// From the product of a row as it is to that of the centred, weighted one.
void centre_and_weight(const WeightedMatrix& matrix, std::int64_t row, const std::vector<double>& offsets,
                       double* product) {
  const auto index = static_cast<std::size_t>(row);
  const double factor = matrix.row_mean.empty() ? 1.0 : matrix.row_mean[index];
  for (std::size_t k = 0; k < offsets.size(); ++k) {
    product[k] = (product[k] - factor * offsets[k]) * matrix.row_weight[index];
  }
}

/// One weighted row times the table.
void project_row(const WeightedMatrix& matrix, std::int64_t row, RowValues& values, const std::vector<double>& table,
                 const std::vector<double>& offsets, std::size_t width, double* out) {
  thin(matrix, row, values.channel(), values.value());
  kernels::row_times_table(values.channel(), values.value().data(), table.data(), width, out);
  centre_and_weight(matrix, row, offsets, out);
}

constexpr std::int64_t dense_rows_at_once = 16;  // which stay in the cache between the two products

/// With X̃ = D_r (X − mean) D_c, X̃ᵀX̃ T is D_c (Xᵀ Z − meanᵀ Z) where Z = D_r² (X − mean) D_c T: blocks are taken as they
/// are stored, and weights go to the table and to the products. Gathers Xᵀ Z and what of the mean belongs to it.
class GramTimes {
 public:
  GramTimes(const WeightedMatrix& matrix, const std::vector<double>& vectors, std::size_t width, bool with_squares)
      : matrix_(matrix),
        with_squares_(with_squares),
        unweighted_(matrix.unweighted()),
        width_(width),
        columns_(matrix.column_weight.size()),
        table_(vectors),
        squared_weight_(columns_) {
    for (std::size_t c = 0; c < columns_; ++c) {
      const double weight = matrix.column_weight[c];
      squared_weight_[c] = weight * weight;
      for (std::size_t k = 0; k < width_; ++k) table_[c * width_ + k] *= weight;
    }
    offsets_ = table_offsets(matrix, table_, width_);
  }

  // Where the sums lie: channels × width products, then these.
  std::size_t means() const { return columns_ * width_; }
  std::size_t squares() const { return means() + width_; }
  std::size_t variance() const { return squares() + 1; }
  std::size_t size() const { return variance() + 1; }

  void add_dense(const RowBlock& block, std::vector<double>& sums) const {
    std::vector<double> products(static_cast<std::size_t>(dense_rows_at_once) * width_), centred(columns_);
    for (std::int64_t first = 0; first < block.range.size(); first += dense_rows_at_once) {
      const std::int64_t count = std::min(dense_rows_at_once, block.range.size() - first);
      const double* values = block.dense.data() + static_cast<std::size_t>(first) * columns_;
      const auto rows = static_cast<std::size_t>(count);
      kernels::rows_times_table(values, rows, columns_, table_.data(), width_, products.data());
      for (std::int64_t r = 0; r < count; ++r) {
        const std::int64_t row = block.range.begin + first + r;
        weigh(row, products.data() + static_cast<std::size_t>(r) * width_, sums);
        if (with_squares_) add_squares(row, values + static_cast<std::size_t>(r) * columns_, centred, sums);
      }
      kernels::add_rows_to_table(values, rows, columns_, products.data(), width_, sums.data());
    }
  }

  void add_sparse(const RowBlock& block, std::vector<double>& sums) const {
    std::vector<double> product(width_), whole(matrix_.centred() ? columns_ : 0), centred(whole.size());
    RowValues values(block, static_cast<std::int64_t>(columns_));
    for (std::int64_t r = 0; r < block.range.size(); ++r) {
      const std::int64_t row = block.range.begin + r;
      const double weight = matrix_.row_weight[static_cast<std::size_t>(row)];
      if (weight == 0) continue;
      values.go_to(r);
      kernels::row_times_table(values.channel(), values.value().data(), table_.data(), width_, product.data());
      weigh(row, product.data(), sums);
      kernels::add_row_to_table(values.channel(), values.value().data(), product.data(), width_, sums.data());
      if (!with_squares_) continue;
      if (matrix_.centred()) {
        copy_row(block, r, whole);
        add_squares(row, whole.data(), centred, sums);
        continue;
      }
      double square = 0, variance = 0;
      for (std::size_t j = 0; j < values.value().size(); ++j) {
        const double value = values.value()[j], scaled = value * squared_weight_[values.channel()[j]];
        square += value * scaled;
        variance += scaled;
      }
      sums[squares()] += weight * weight * square;
      sums[this->variance()] += weight * weight * variance;
    }
  }

 private:
  /// From the product of a row as it is to D_r² (X − mean) D_c T.
  void weigh(std::int64_t row, double* product, std::vector<double>& sums) const {
    const auto index = static_cast<std::size_t>(row);
    centre_and_weight(matrix_, row, offsets_, product);
    const double factor = matrix_.row_mean.empty() ? 1.0 : matrix_.row_mean[index];
    for (std::size_t k = 0; k < width_; ++k) {
      product[k] *= matrix_.row_weight[index];
      sums[means() + k] += factor * product[k];
    }
  }

  void add_squares(std::int64_t row, const double* values, std::vector<double>& centred,
                   std::vector<double>& sums) const {
    const int n = static_cast<int>(columns_);
    const auto index = static_cast<std::size_t>(row);
    const double weight = matrix_.row_weight[index] * matrix_.row_weight[index];
    if (weight == 0) return;
    if (unweighted_) {
      sums[squares()] += cblas_ddot(n, values, 1, values, 1);
      sums[variance()] += cblas_ddot(n, values, 1, squared_weight_.data(), 1);
      return;
    }
    for (std::size_t c = 0; c < columns_; ++c) {
      const double mean = matrix_.row_mean.empty() ? matrix_.column_mean.empty() ? 0.0 : matrix_.column_mean[c]
                                                   : matrix_.row_mean[index];
      centred[c] = (values[c] - mean) * matrix_.column_weight[c];
    }
    sums[squares()] += weight * cblas_ddot(n, centred.data(), 1, centred.data(), 1);
    if (!matrix_.centred()) sums[variance()] += weight * cblas_ddot(n, values, 1, squared_weight_.data(), 1);
  }

  const WeightedMatrix& matrix_;
  bool with_squares_, unweighted_;
  std::size_t width_, columns_;
  std::vector<double> table_, offsets_, squared_weight_;
};

}  // namespace

std::vector<double> project(const WeightedMatrix& matrix, const std::vector<double>& vectors, std::int64_t count,
                            Context& context) {
  const Rows& data = matrix.data;
  const auto asked = static_cast<std::size_t>(count);
  const std::size_t width = padded_width(asked);
  const std::vector<double> table = weighted_table(matrix, vectors, count);
  const std::vector<double> offsets = table_offsets(matrix, table, width);
  std::vector<double> products(static_cast<std::size_t>(data.rows()) * asked, 0.0);
  Executor executor(context);
  executor.for_each_chunk("projecting positions", data.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto block = data.block(partition);
    if (!block->sparse && matrix.part == CountPart::whole) {
      std::vector<double> out(static_cast<std::size_t>(range.size()) * width);
      cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(range.size()), static_cast<int>(width),
                  static_cast<int>(data.columns()), 1.0, block->dense.data(), static_cast<int>(data.columns()),
                  table.data(), static_cast<int>(width), 0.0, out.data(), static_cast<int>(width));
      for (std::int64_t row = range.begin; row < range.end; ++row) {
        double* own = out.data() + static_cast<std::size_t>(row - range.begin) * width;
        centre_and_weight(matrix, row, offsets, own);
        std::copy(own, own + count, products.begin() + row * count);
      }
      return;
    }
    RowValues values(*block, data.columns());
    std::vector<double> out(width);
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      values.go_to(row - range.begin);
      project_row(matrix, row, values, table, offsets, width, out.data());
      std::copy(out.begin(), out.begin() + count, products.begin() + row * count);
    }
  });
  executor.gather(data.partitions(), count, std::span(products));
  return products;
}

std::vector<double> back_project(const WeightedMatrix& matrix, const std::vector<double>& table, std::size_t width,
                                 Context& context) {
  const Rows& data = matrix.data;
  const auto n = static_cast<std::size_t>(data.columns());
  return Executor(context).reduce<std::vector<double>>(
      "projecting channels", data.partitions(), [&] { return std::vector<double>(n * width, 0.0); },
      [&](std::vector<double>& sums, std::int64_t partition, RowRange range) {
        std::vector<double> rows(static_cast<std::size_t>(range.size()) * n);
        weighted_dense(matrix, *data.block(partition), rows.data());
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, static_cast<int>(n), static_cast<int>(width),
                    static_cast<int>(range.size()), 1.0, rows.data(), static_cast<int>(n),
                    table.data() + static_cast<std::size_t>(range.begin) * width, static_cast<int>(width), 1.0,
                    sums.data(), static_cast<int>(width));
      },
      [](std::vector<double>& left, std::vector<double>&& right) { add(left, right); });
}

GramProduct gram_times(const WeightedMatrix& matrix, const std::vector<double>& table, std::size_t width, bool squares,
                       const std::string& stage, Context& context) {
  if (matrix.part != CountPart::whole) throw Error(ErrorKind::internal, "gram_times takes the whole matrix");
  const Rows& data = matrix.data;
  const auto n = static_cast<std::size_t>(data.columns());
  const GramTimes work(matrix, table, width, squares);
  std::vector<double> sums = Executor(context).reduce<std::vector<double>>(
      stage, data.partitions(), [&] { return std::vector<double>(work.size(), 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange) {
        const auto block = data.block(partition);
        block->sparse ? work.add_sparse(*block, partial) : work.add_dense(*block, partial);
      },
      [](std::vector<double>& left, std::vector<double>&& right) { add(left, right); });

  GramProduct result;
  result.total_sum_of_squares = sums[work.squares()];
  const double cells = static_cast<double>(matrix.used_rows()) * static_cast<double>(matrix.used_columns());
  result.mean_poisson_variance = cells > 0 ? sums[work.variance()] / cells : 0;
  for (std::size_t c = 0; c < n; ++c) {
    const double mean = matrix.centred() ? matrix.column_mean.empty() ? 1.0 : matrix.column_mean[c] : 0.0;
    double* row = sums.data() + c * width;
    for (std::size_t k = 0; k < width; ++k) {
      row[k] = (row[k] - mean * sums[work.means() + k]) * matrix.column_weight[c];
    }
  }
  sums.resize(n * width);
  result.product = std::move(sums);
  return result;
}

std::int64_t gram_times_memory_per_worker(std::int64_t channels, std::size_t width) {
  // Two partial results and the products of a few rows.
  return 8 * (2 * (channels + 1) + dense_rows_at_once + 1) * static_cast<std::int64_t>(width) + 8 * channels;
}

std::vector<double> agreement(const WeightedMatrix& first, const WeightedMatrix& second,
                              const std::vector<double>& vectors, std::int64_t count, Context& context) {
  const Rows& data = first.data;
  const std::size_t width = padded_width(static_cast<std::size_t>(count));
  const std::vector<double> table = weighted_table(first, vectors, count);
  const std::vector<double> other_table = weighted_table(second, vectors, count);
  const std::vector<double> offsets = table_offsets(first, table, width);
  const std::vector<double> other_offsets = table_offsets(second, other_table, width);
  std::vector<double> sums = Executor(context).reduce<std::vector<double>>(
      "comparing halves of the counts", data.partitions(), [&] { return std::vector<double>(width, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        RowValues values(*block, data.columns());
        std::vector<double> one(width), other(width);
        for (std::int64_t row = range.begin; row < range.end; ++row) {
          values.go_to(row - range.begin);
          project_row(first, row, values, table, offsets, width, one.data());
          values.go_to(row - range.begin);
          project_row(second, row, values, other_table, other_offsets, width, other.data());
          for (std::size_t k = 0; k < width; ++k) partial[k] += one[k] * other[k];
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) { add(left, right); });
  sums.resize(static_cast<std::size_t>(count));
  return sums;
}

}  // namespace ruska::ops::unmix
