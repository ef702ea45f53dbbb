// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/leading_components.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <cblas.h>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/symmetric_eigen.hpp"
#include "ruska/ops/unmix/matrix_products.hpp"
#include "ruska/ops/unmix/partial_gram.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

using kernels::padded_width;

std::vector<std::int64_t> used(const std::vector<double>& weights) {
  std::vector<std::int64_t> indices;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] != 0) indices.push_back(static_cast<std::int64_t>(i));
  }
  return indices;
}

/// Whether the leaves of the reduction hold so few rows that a Gram matrix of each would cost more than their products.
bool rows_wait(std::int64_t rows, std::int64_t columns) { return rows < 128 * columns; }

/// The Gram matrix of the columns, of which the upper triangle counts, and the sum of X_ij · row_weight_i² ·
/// column_weight_j².
struct ColumnGram {
  LargeArray<double> square;
  double poisson_variance = 0;
};
ColumnGram gram_of_columns(const WeightedMatrix& matrix, Context& context) {
  const Rows& data = matrix.data;
  const auto n = static_cast<std::size_t>(data.columns());
  std::vector<double> squared_weight(n);
  for (std::size_t c = 0; c < n; ++c) squared_weight[c] = matrix.column_weight[c] * matrix.column_weight[c];
  const bool as_it_is = matrix.unweighted();
  const auto spare = std::make_shared<SpareBuffers>();
  PartialGram sum = Executor(context).reduce<PartialGram>(
      "correlating channels", data.partitions(),
      [&] { return PartialGram(n, spare, rows_wait(data.rows(), data.columns())); },
      [&](PartialGram& gram, std::int64_t partition, RowRange) {
        const auto block = data.block(partition);
        const bool dense = !block->sparse || matrix.centred();
        if (!block->sparse && as_it_is) {
          gram.add_dense_rows(block->dense, block);
        } else if (dense) {
          weighted_dense(matrix, *block, gram.more_dense_rows(static_cast<std::size_t>(block->range.size())));
        }
        if (matrix.centred()) return gram.settle();
        RowValues values(*block, data.columns());
        for (std::int64_t r = 0; r < block->range.size(); ++r) {
          const std::int64_t row = block->range.begin + r;
          const double weight = matrix.row_weight[static_cast<std::size_t>(row)];
          if (weight == 0) continue;
          if (!block->sparse && matrix.part == CountPart::whole) {
            const double* from = block->dense.data() + static_cast<std::size_t>(r) * n;
            gram.extra += cblas_ddot(static_cast<int>(n), from, 1, squared_weight.data(), 1) * weight * weight;
            continue;
          }
          values.go_to(r);
          thin(matrix, row, values.channel(), values.value());
          double scaled_sum = 0;
          for (std::size_t j = 0; j < values.value().size(); ++j) {
            scaled_sum += values.value()[j] * squared_weight[values.channel()[j]];
            values.value()[j] *= weight * matrix.column_weight[values.channel()[j]];
          }
          gram.extra += scaled_sum * weight * weight;
          if (dense) continue;
          gram.add_sparse_row(values.channel(), values.value());
          gram.settle();
        }
        gram.settle();
      },
      [](PartialGram& left, PartialGram&& right) { left.merge(std::move(right)); });
  const double poisson_variance = sum.extra;
  return {sum.finish(), poisson_variance};
}

constexpr std::int64_t few_values = std::int64_t{1} << 20;  // weighted once rather than for every pair of partitions

/// The rows of partitions as they are in the matrix.
class WeightedRows {
 public:
  explicit WeightedRows(const WeightedMatrix& matrix) : matrix_(matrix) {
    const Rows& data = matrix.data;
    if (data.rows() * data.columns() > few_values) return;
    all_.resize(static_cast<std::size_t>(data.rows() * data.columns()));
    for (std::int64_t partition = 0; partition < data.partitions().count(); ++partition) {
      weighted_dense(matrix, *data.block(partition),
                     all_.data() + data.partitions().range(partition).begin * data.columns());
    }
  }
  /// Those of a partition, in `room` where there is none for all.
  const double* of(std::int64_t partition, std::vector<double>& room) const {
    const Rows& data = matrix_.data;
    const RowRange range = data.partitions().range(partition);
    if (!all_.empty()) return all_.data() + range.begin * data.columns();
    room.resize(static_cast<std::size_t>(range.size() * data.columns()));
    weighted_dense(matrix_, *data.block(partition), room.data());
    return room.data();
  }

 private:
  const WeightedMatrix& matrix_;
  std::vector<double> all_;
};

/// The Gram matrix of the rows, positions × positions, upper triangle.
LargeArray<double> gram_of_rows(const WeightedMatrix& matrix, Context& context) {
  const Rows& data = matrix.data;
  const auto m = static_cast<std::size_t>(data.rows());
  const int columns = static_cast<int>(data.columns());
  LargeArray<double> gram(m * m, 0.0);
  Executor executor(context);
  const WeightedRows rows(matrix);
  executor.for_each_chunk("correlating positions", data.partitions(), [&](std::int64_t partition, RowRange range) {
    std::vector<double> left_room, right_room;
    const double* left = rows.of(partition, left_room);
    for (std::int64_t other = partition; other < data.partitions().count(); ++other) {
      const RowRange others = data.partitions().range(other);
      cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(range.size()),
                  static_cast<int>(others.size()), columns, 1.0, left, columns, rows.of(other, right_room), columns,
                  0.0, gram.data() + static_cast<std::size_t>(range.begin) * m + others.begin, static_cast<int>(m));
    }
  });
  executor.gather(data.partitions(), data.rows(), std::span(gram));
  return gram;
}

/// Σ X_ij · row_weight_i² · column_weight_j², for the rows' side.
double poisson_variance(const WeightedMatrix& matrix, Context& context) {
  const Rows& data = matrix.data;
  return Executor(context).reduce<std::vector<double>>(
      "estimating the noise", data.partitions(), [] { return std::vector<double>(1, 0.0); },
      [&](std::vector<double>& sum, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        RowValues values(*block, data.columns());
        for (std::int64_t r = 0; r < range.size(); ++r) {
          const double weight = matrix.row_weight[static_cast<std::size_t>(range.begin + r)];
          values.go_to(r);
          thin(matrix, range.begin + r, values.channel(), values.value());
          for (std::size_t j = 0; j < values.value().size(); ++j) {
            const double channel_weight = matrix.column_weight[values.channel()[j]];
            sum[0] += values.value()[j] * weight * weight * channel_weight * channel_weight;
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) { left[0] += right[0]; })[0];
}

/// Rows and columns that are not in use are zero.
double trace(std::span<const double> square, std::size_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += square[i * size + i];
  return sum;
}

/// Eigenvectors of the part of a square Gram matrix that belongs to the rows or columns in use.
math::SymmetricEigen solve(LargeArray<double>&& gram, const std::vector<std::int64_t>& indices, std::size_t size,
                           std::int64_t vectors) {
  const std::size_t n = indices.size();
  for (std::size_t i = 0; i < n && n < size; ++i) {
    const double* row = gram.data() + static_cast<std::size_t>(indices[i]) * size;
    for (std::size_t j = i; j < n; ++j) gram[i * n + j] = row[indices[j]];
  }
  return math::symmetric_eigen_in_place(std::span(gram).first(n * n), n, static_cast<std::size_t>(vectors));
}

}  // namespace

LeadingComponents leading_components(const WeightedMatrix& matrix, std::int64_t vectors, Context& context) {
  const auto columns = static_cast<std::size_t>(matrix.data.columns());
  const auto asked = static_cast<std::size_t>(vectors);
  const std::vector<std::int64_t> rows_in_use = used(matrix.row_weight);
  const std::vector<std::int64_t> columns_in_use = used(matrix.column_weight);
  const double cells = static_cast<double>(rows_in_use.size()) * static_cast<double>(columns_in_use.size());

  LeadingComponents result;
  result.vectors.assign(asked * columns, 0.0);
  if (cells == 0) return result;

  const bool along_columns = matrix.data.columns() <= matrix.data.rows();
  math::SymmetricEigen eigen;
  if (along_columns) {
    ColumnGram gram = gram_of_columns(matrix, context);
    result.mean_poisson_variance = gram.poisson_variance / cells;
    result.total_sum_of_squares = trace(gram.square, columns);
    eigen = solve(std::move(gram.square), columns_in_use, columns, vectors);
  } else {
    const auto rows = static_cast<std::size_t>(matrix.data.rows());
    LargeArray<double> gram = gram_of_rows(matrix, context);
    result.mean_poisson_variance = poisson_variance(matrix, context) / cells;
    result.total_sum_of_squares = trace(gram, rows);
    eigen = solve(std::move(gram), rows_in_use, rows, vectors);
  }

  const std::size_t n = eigen.values.size();
  const double rounding = static_cast<double>(n) * std::numeric_limits<double>::epsilon() * eigen.values.front();
  result.singular_values.resize(std::min(rows_in_use.size(), columns_in_use.size()), 0.0);
  for (std::size_t k = 0; k < std::min(n, result.singular_values.size()); ++k) {
    result.singular_values[k] = eigen.values[k] > rounding ? std::sqrt(eigen.values[k]) : 0.0;
  }
  const auto real = [&](std::size_t k) {
    return k < asked && k < result.singular_values.size() && result.singular_values[k] > 0;
  };
  if (along_columns) {
    for (std::size_t k = 0; real(k); ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        result.vectors[k * columns + static_cast<std::size_t>(columns_in_use[i])] = eigen.vectors[k * n + i];
      }
    }
    return result;
  }
  const std::size_t width = padded_width(asked);
  std::vector<double> table(static_cast<std::size_t>(matrix.data.rows()) * width, 0.0);
  for (std::size_t k = 0; real(k); ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      table[static_cast<std::size_t>(rows_in_use[i]) * width + k] =
          eigen.vectors[k * n + i] / result.singular_values[k];
    }
  }
  const std::vector<double> projected = back_project(matrix, table, width, context);
  for (std::size_t k = 0; real(k); ++k) {
    for (std::size_t c = 0; c < columns; ++c) result.vectors[k * columns + c] = projected[c * width + k];
  }
  return result;
}

std::int64_t leading_components_memory(std::int64_t rows, std::int64_t columns, std::int64_t vectors) {
  const std::int64_t n = std::min(rows, columns);
  // One partial Gram matrix waits on each of the tree's five levels, or the solution's workspace replaces them.
  const std::int64_t partials = columns <= rows ? 6 * PartialGram::most_bytes(n, rows_wait(rows, columns)) : 8 * n * n;
  const std::int64_t weighted = columns > rows ? std::min(rows * columns, few_values) : 0;
  return std::max(partials, 16 * n * n) + 8 * (weighted + n * n / 2 + vectors * (rows + 3 * columns));
}

std::int64_t leading_components_memory_per_worker(const Description& data) {
  const std::int64_t rows = data.navigation_size(), columns = data.signal_size();
  const std::int64_t dense_block = partitions_of(data).largest() * columns;
  // Two partial results and a square one for dense rows; the rows' side holds two blocks.
  return columns <= rows
             ? 2 * PartialGram::most_bytes(columns, rows_wait(rows, columns)) + 8 * (columns * columns + dense_block)
             : 16 * dense_block;
}

}  // namespace ruska::ops::unmix
