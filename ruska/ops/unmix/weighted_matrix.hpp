// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/core/rows.hpp"

namespace ruska::ops::unmix {

/// Which part of the counts a matrix holds: all, or one of two halves that a fair coin per count decides.
enum class CountPart { whole, first_half, second_half };

/// The matrix diag(row_weight) · (X − mean) · diag(column_weight) of a dataset X, never formed. Rows and columns of
/// zero weight are zero. At most one of the means is there.
struct WeightedMatrix {
  const Rows& data;
  std::vector<double> row_weight;     ///< one per position
  std::vector<double> column_weight;  ///< one per channel
  std::vector<double> row_mean{};     ///< subtracted from every value of a position
  std::vector<double> column_mean{};  ///< subtracted from every value of a channel
  CountPart part = CountPart::whole;
  std::uint64_t seed = 0;  ///< of the halves

  bool centred() const { return !row_mean.empty() || !column_mean.empty(); }
  std::int64_t used_rows() const;     ///< rows of nonzero weight
  std::int64_t used_columns() const;  ///< columns of nonzero weight
  /// Whether the matrix is the data as they are read: masked rows and columns read as zeros.
  bool unweighted() const;
};

/// The rows of a block of the matrix' data as they are in the matrix, dense, range.size() × channels, to `out`.
void weighted_dense(const WeightedMatrix& matrix, const RowBlock& block, double* out);

/// Replaces the counts of a position by those of the matrix' part.
void thin(const WeightedMatrix& matrix, std::int64_t row, std::span<const std::uint32_t> channel,
          std::span<double> value);

}  // namespace ruska::ops::unmix
