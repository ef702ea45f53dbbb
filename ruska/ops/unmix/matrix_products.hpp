// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/unmix/weighted_matrix.hpp"

namespace ruska::ops::unmix {

// Products with tables: so many rows of `width` numbers side by side, the width a multiple of kernels::table_padding.

/// The products of the rows with `vectors` (count × channels): positions × count.
std::vector<double> project(const WeightedMatrix& matrix, const std::vector<double>& vectors, std::int64_t count,
                            Context& context);

/// The transposed product with a table of positions × width: channels × width.
std::vector<double> back_project(const WeightedMatrix& matrix, const std::vector<double>& table, std::size_t width,
                                 Context& context);

/// XᵀX of the matrix X times a table of channels × width, in one pass.
struct GramProduct {
  std::vector<double> product;  ///< channels × width
  // Where they are asked for:
  double total_sum_of_squares = 0;   ///< of the matrix
  double mean_poisson_variance = 0;  ///< mean of X_ij · row_weight_i² · column_weight_j²; of no meaning when centred
};
/// The whole matrix alone, no half of its counts.
GramProduct gram_times(const WeightedMatrix& matrix, const std::vector<double>& table, std::size_t width, bool squares,
                       const std::string& stage, Context& context);
/// Bytes that the latter holds for each worker.
std::int64_t gram_times_memory_per_worker(std::int64_t channels, std::size_t width);

/// Σ over positions of (first · v_k)(second · v_k) for each of `count` vectors.
std::vector<double> agreement(const WeightedMatrix& first, const WeightedMatrix& second,
                              const std::vector<double>& vectors, std::int64_t count, Context& context);

}  // namespace ruska::ops::unmix
