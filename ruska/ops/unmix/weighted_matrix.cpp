// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/weighted_matrix.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>

#include <cblas.h>

#include "ruska/base/random.hpp"
#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/symmetric_eigen.hpp"
#include "ruska/ops/unmix/partial_gram.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

using kernels::padded_width;

/// Replaces the counts of a row by those of the matrix' part.
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

std::vector<std::int64_t> used(const std::vector<double>& weights) {
  std::vector<std::int64_t> indices;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] != 0) indices.push_back(static_cast<std::int64_t>(i));
  }
  return indices;
}

void add(std::vector<double>& left, const std::vector<double>& right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
}

/// Whether the matrix is the data as they are read: masked rows and columns read as zeros.
bool unweighted(const WeightedMatrix& matrix) {
  if (matrix.centred() || matrix.part != CountPart::whole) return false;
  for (std::size_t r = 0; r < matrix.row_weight.size(); ++r) {
    if (matrix.row_weight[r] != 1 && !matrix.data.row_masked(static_cast<std::int64_t>(r))) return false;
  }
  for (std::size_t c = 0; c < matrix.column_weight.size(); ++c) {
    if (matrix.column_weight[c] != 1 && !matrix.data.column_masked(static_cast<std::int64_t>(c))) return false;
  }
  return true;
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
  const bool as_it_is = unweighted(matrix);
  const auto spare = std::make_shared<SpareBuffers>();
  PartialGram sum = Executor(context).reduce<PartialGram>(
      "correlating channels", data.partitions(),
      [&] { return PartialGram(n, spare, rows_wait(data.rows(), data.columns())); },
      [&](PartialGram& gram, std::int64_t partition, RowRange) {
        const auto block = data.block(partition);
        const bool dense = !block->sparse || matrix.centred();
        if (!block->sparse && as_it_is) {
          gram.add_dense_rows({block, &block->dense});
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

/// The Gram matrix of the rows, positions × positions, upper triangle.
LargeArray<double> gram_of_rows(const WeightedMatrix& matrix, Context& context) {
  const Rows& data = matrix.data;
  const auto m = static_cast<std::size_t>(data.rows());
  const int columns = static_cast<int>(data.columns());
  LargeArray<double> gram(m * m, 0.0);
  Executor executor(context);
  executor.for_each_chunk("correlating positions", data.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto largest = static_cast<std::size_t>(data.partitions().largest() * data.columns());
    std::vector<double> left(largest), right(largest);
    weighted_dense(matrix, *data.block(partition), left.data());
    for (std::int64_t other = partition; other < data.partitions().count(); ++other) {
      const RowRange others = data.partitions().range(other);
      weighted_dense(matrix, *data.block(other), right.data());
      cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(range.size()),
                  static_cast<int>(others.size()), columns, 1.0, left.data(), columns, right.data(), columns, 0.0,
                  gram.data() + static_cast<std::size_t>(range.begin) * m + others.begin, static_cast<int>(m));
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
      [](std::vector<double>& left, std::vector<double>&& right) { add(left, right); })[0];
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

/// The transposed product: vectors (count × positions, over used rows) times the matrix, count × channels.
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

std::int64_t WeightedMatrix::used_rows() const { return static_cast<std::int64_t>(used(row_weight).size()); }
std::int64_t WeightedMatrix::used_columns() const { return static_cast<std::int64_t>(used(column_weight).size()); }

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
  return std::max(partials, 16 * n * n) + 8 * (n * n / 2 + vectors * (rows + 3 * columns));
}

std::int64_t leading_components_memory_per_worker(const Description& data) {
  const std::int64_t rows = data.navigation_size(), columns = data.signal_size();
  const std::int64_t dense_block = partitions_of(data).largest() * columns;
  // Two partial results and a square one for dense rows; the rows' side holds two blocks.
  return columns <= rows
             ? 2 * PartialGram::most_bytes(columns, rows_wait(rows, columns)) + 8 * (columns * columns + dense_block)
             : 16 * dense_block;
}

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
