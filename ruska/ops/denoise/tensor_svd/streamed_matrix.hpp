// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ruska/core/dataset.hpp"
#include "ruska/core/executor.hpp"

namespace ruska::ops::denoise {

/// What one pass over a matrix learns of it.
struct MatrixTotals {
  std::vector<double> row_sum;     ///< one per row
  std::vector<double> column_sum;  ///< one per column
  double sum = 0;
  double sum_of_squares = 0;
  bool counts = false;  ///< every value is an integer ≥ 0
};

/// A dataset as a matrix: its first axes run along the rows, the others along the columns. Read partition by partition
/// in the stored type, where it lies in memory without a copy. Products multiply in float32 within a partition of rows;
/// partitions are added in float64.
class StreamedMatrix {
 public:
  /// Throws invalid_argument for complex data.
  StreamedMatrix(Dataset data, std::size_t row_axes);
  ~StreamedMatrix();

  std::int64_t rows() const { return partitions_.rows(); }
  std::int64_t columns() const { return columns_; }

  /// One pass. Throws bad_data naming the place of the first value that is not finite and invalid_argument when a
  /// magnitude exceeds 1e30, where float32 products overflow.
  MatrixTotals totals(Context& context) const;
  /// Σ (row_weight_i · column_weight_j · x_ij)². One pass.
  double weighted_sum_of_squares(const std::vector<double>& row_weight, const std::vector<double>& column_weight,
                                 Context& context) const;
  /// rows × count: products with `count` rows of `columns()` numbers each. One pass.
  std::vector<double> times(const std::vector<float>& vectors, std::int64_t count, Context& context) const;
  /// count × columns: the transposed product with `vectors`, rows × count. One pass.
  std::vector<double> transposed_times(const std::vector<float>& vectors, std::int64_t count, Context& context) const;

  /// Bytes that one worker needs at the peak of any pass, its partial results included; and those that the merging of
  /// partial results needs on top.
  static std::int64_t bytes_per_worker(const Description& description, std::size_t row_axes, std::int64_t count);
  static std::int64_t bytes_of_merging(const Description& description, std::size_t row_axes, std::int64_t count);

 private:
  struct Buffers;
  /// Calls work(const T* values) with the rows of a partition in the stored type T.
  template <class Work>
  void with_values(RowRange range, const Work& work) const;
  /// Calls work(const float* values, stride of a row, first column, columns) for blocks of a partition's columns.
  template <class Work>
  void for_each_block(RowRange range, const Work& work) const;

  Dataset data_;
  Description matrix_;  ///< the data's, its axes' roles telling rows and columns
  std::int64_t columns_;
  Partitions partitions_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace ruska::ops::denoise
