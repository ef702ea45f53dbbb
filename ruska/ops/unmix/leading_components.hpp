// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/unmix/weighted_matrix.hpp"

namespace ruska::ops::unmix {

/// The largest singular values of a matrix with their right vectors.
struct LeadingComponents {
  std::vector<double> singular_values;  ///< all min(used rows, used columns), falling; of a search those that it found
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

}  // namespace ruska::ops::unmix
