// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// ½ ‖X̃ − W H‖² = ½ ‖X̃‖² − ⟨Wᵀ X̃, H⟩ + ½ ⟨Wᵀ W, H Hᵀ⟩: the data enter through X̃ Hᵀ (row by row) and Wᵀ X̃ alone, so
// that a pass costs 2 K multiply-adds per nonzero and each small problem is solved exactly by an active set.
// Departure from HALS (one coordinate sweep per side): at K unknowns the exact solution costs no more.
#include "ruska/ops/unmix/nmf/least_squares_pass.hpp"

#include <algorithm>
#include <span>

#include <cblas.h>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

void add(std::vector<double>& left, std::vector<double>&& right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
}

/// Scales a row's values to those of the weighted matrix.
void weight(const WeightedMatrix& matrix, std::int64_t row, RowValues& values) {
  const double row_weight = matrix.row_weight[static_cast<std::size_t>(row)];
  for (std::size_t j = 0; j < values.value().size(); ++j) {
    values.value()[j] *= row_weight * matrix.column_weight[values.channel()[j]];
  }
}

/// Whether no weight changes a value of the block.
bool unit_weights(const WeightedMatrix& matrix, const RowBlock& block) {
  const auto is_one = [](double one) { return one == 1; };
  const auto rows =
      std::span(matrix.row_weight)
          .subspan(static_cast<std::size_t>(block.range.begin), static_cast<std::size_t>(block.range.size()));
  return std::ranges::all_of(rows, is_one) && std::ranges::all_of(matrix.column_weight, is_one);
}

/// The rows of a dense block as they are in the matrix: in `room` where weights change them.
std::span<const double> weighted_values(const WeightedMatrix& matrix, const RowBlock& block,
                                        std::vector<double>& room) {
  if (unit_weights(matrix, block)) return block.dense;
  room.resize(block.dense.size());
  weighted_dense(matrix, block, room.data());
  return room;
}

/// What `squares_sums` does with the rows of a block that is dense.
void add_dense_rows(const WeightedMatrix& matrix, const RowBlock& block, const std::vector<double>& table,
                    std::vector<double>& loadings, std::size_t components, const RowSolution& solve,
                    std::vector<double>& sums) {
  const auto columns = static_cast<int>(matrix.data.columns()), rows = static_cast<int>(block.range.size());
  const std::size_t width = kernels::padded_width(components);
  std::vector<double> weighted;
  const double* values = weighted_values(matrix, block, weighted).data();
  std::vector<double> products(static_cast<std::size_t>(rows) * width), w(products.size(), 0.0);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, static_cast<int>(width), columns, 1.0, values, columns,
              table.data(), static_cast<int>(width), 0.0, products.data(), static_cast<int>(width));
  double* gram = sums.data() + table.size();
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
    double* own = w.data() + r * width;
    const auto row = block.range.begin + static_cast<std::int64_t>(r);
    solve(row, products.data() + r * width, own);
    std::copy(own, own + components, loadings.begin() + row * static_cast<std::int64_t>(components));
    for (std::size_t k = 0; k < components; ++k) {
      for (std::size_t l = 0; l < components; ++l) gram[k * components + l] += own[k] * own[l];
    }
  }
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, columns, static_cast<int>(width), rows, 1.0, values, columns,
              w.data(), static_cast<int>(width), 1.0, sums.data(), static_cast<int>(width));
}

}  // namespace

std::vector<double> gram_of(const std::vector<double>& table, std::size_t components) {
  const std::size_t width = kernels::padded_width(components);
  std::vector<double> gram(components * components, 0.0);
  for (std::size_t c = 0; c < table.size() / width; ++c) {
    for (std::size_t k = 0; k < components; ++k) {
      for (std::size_t l = 0; l < components; ++l) {
        gram[k * components + l] += table[c * width + k] * table[c * width + l];
      }
    }
  }
  return gram;
}

SquaresSums squares_sums(const WeightedMatrix& matrix, const std::vector<double>& table, std::vector<double>& loadings,
                         std::size_t components, const std::function<RowSolution()>& solution, Context& context) {
  const Rows& data = matrix.data;
  const std::size_t width = kernels::padded_width(components);
  const std::size_t size = table.size(), squares = components * components;
  // Wᵀ X̃ and behind it Wᵀ W.
  const std::vector<double> sums = Executor(context).reduce<std::vector<double>>(
      "refining spectra", data.partitions(), [&] { return std::vector<double>(size + squares, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        const RowSolution solve = solution();
        if (!block->sparse) {
          add_dense_rows(matrix, *block, table, loadings, components, solve, partial);
          return;
        }
        RowValues values(*block, data.columns());
        std::vector<double> products(width), w(width, 0.0);
        for (std::int64_t row = range.begin; row < range.end; ++row) {
          values.go_to(row - range.begin);
          weight(matrix, row, values);
          kernels::row_times_table(values.channel(), values.value().data(), table.data(), width, products.data());
          solve(row, products.data(), w.data());
          std::copy(w.begin(), w.begin() + static_cast<std::ptrdiff_t>(components),
                    loadings.begin() + row * static_cast<std::int64_t>(components));
          kernels::add_row_to_table(values.channel(), values.value().data(), w.data(), width, partial.data());
          for (std::size_t k = 0; k < components; ++k) {
            for (std::size_t l = 0; l < components; ++l) partial[size + k * components + l] += w[k] * w[l];
          }
        }
      },
      add);
  const auto gram = sums.begin() + static_cast<std::ptrdiff_t>(size);
  return {{sums.begin(), gram}, {gram, sums.end()}};
}

double half_squares(double total_sum_of_squares, const SquaresSums& sums, const std::vector<double>& table,
                    const std::vector<double>& gram) {
  double cross = 0, square = 0;
  for (std::size_t i = 0; i < table.size(); ++i) cross += sums.products[i] * table[i];
  for (std::size_t i = 0; i < gram.size(); ++i) square += sums.gram[i] * gram[i];
  return total_sum_of_squares / 2 - cross + square / 2;
}

Pass least_squares_pass(const WeightedMatrix& matrix, double total_sum_of_squares, std::size_t components,
                        Context& context) {
  return [&matrix, total_sum_of_squares, components, &context](const std::vector<double>& table,
                                                               std::vector<double>& loadings) {
    const std::size_t width = kernels::padded_width(components), size = table.size();
    const std::vector<double> gram = gram_of(table, components);
    const auto solution = [&gram, components]() -> RowSolution {
      return [problem = math::NonnegativeLeastSquares(gram, components)](
                 std::int64_t, const double* products, double* w) mutable { problem.solve(products, w); };
    };
    const SquaresSums sums = squares_sums(matrix, table, loadings, components, solution, context);
    PassResult result;
    result.objective = half_squares(total_sum_of_squares, sums, table, gram);

    result.table.assign(size, 0.0);
    math::NonnegativeLeastSquares problem(sums.gram, components);
    for (std::size_t c = 0; c < size / width; ++c) {
      problem.solve(sums.products.data() + c * width, result.table.data() + c * width);
    }
    result.loading_scale = scale_to_unit_sums(result.table, components);
    for (std::size_t k = 0; k < components; ++k) {
      if (result.loading_scale[k] > 0) continue;
      // A component that helps no row keeps its spectrum.
      result.loading_scale[k] = 1;
      for (std::size_t c = 0; c < size / width; ++c) result.table[c * width + k] = table[c * width + k];
    }
    return result;
  };
}

double sum_of_squares(const WeightedMatrix& matrix, Context& context) {
  const Rows& data = matrix.data;
  return Executor(context).reduce<std::vector<double>>(
      "summing squares", data.partitions(), [] { return std::vector<double>(1, 0.0); },
      [&](std::vector<double>& sum, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        if (!block->sparse) {
          std::vector<double> weighted;
          const std::span<const double> values = weighted_values(matrix, *block, weighted);
          const auto columns = static_cast<std::size_t>(data.columns());
          for (std::size_t first = 0; first < values.size(); first += columns) {
            sum[0] += cblas_ddot(static_cast<int>(columns), values.data() + first, 1, values.data() + first, 1);
          }
          return;
        }
        RowValues values(*block, data.columns());
        for (std::int64_t row = range.begin; row < range.end; ++row) {
          values.go_to(row - range.begin);
          weight(matrix, row, values);
          for (const double value : values.value()) sum[0] += value * value;
        }
      },
      add)[0];
}

}  // namespace ruska::ops::unmix
