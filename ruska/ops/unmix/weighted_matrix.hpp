// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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
};

/// The rows of a block of the matrix' data as they are in the matrix, dense, range.size() × channels, to `out`.
void weighted_dense(const WeightedMatrix& matrix, const RowBlock& block, double* out);

/// The largest singular values of a matrix with their right vectors.
struct LeadingComponents {
  std::vector<double> singular_values;  ///< all min(used rows, used columns), falling
  std::vector<double> vectors;  ///< asked × channels, orthonormal rows; zero rows for singular values that are zero
  double total_sum_of_squares = 0;
  double mean_poisson_variance = 0;  ///< mean of X_ij · row_weight_i² · column_weight_j²; of no meaning when centred
};

/// Exact, by the eigenvectors of the Gram matrix along the smaller side: one pass over the data for the columns' side;
/// for the rows' side one per partition. Singular values below √(n · 2.2e-16) of the largest drown in rounding and
/// count as zero. Memory: 0.8 n² doubles per partial result and n² for the solution, n being the
/// smaller side.
LeadingComponents leading_components(const WeightedMatrix& matrix, std::int64_t vectors, Context& context);

/// Bytes that `leading_components` holds: altogether, and on top for each worker (beside the rows' own blocks).
std::int64_t leading_components_memory(std::int64_t rows, std::int64_t columns, std::int64_t vectors);
std::int64_t leading_components_memory_per_worker(const Description& data);

/// The products of the rows with `vectors` (count × channels): positions × count.
std::vector<double> project(const WeightedMatrix& matrix, const std::vector<double>& vectors, std::int64_t count,
                            Context& context);

/// Σ over positions of (first · v_k)(second · v_k) for each of `count` vectors.
std::vector<double> agreement(const WeightedMatrix& first, const WeightedMatrix& second,
                              const std::vector<double>& vectors, std::int64_t count, Context& context);

}  // namespace ruska::ops::unmix
