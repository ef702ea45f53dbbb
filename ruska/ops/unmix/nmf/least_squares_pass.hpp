// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ruska/ops/unmix/nmf/alternation.hpp"
#include "ruska/ops/unmix/weighted_matrix.hpp"

namespace ruska::ops::unmix {

/// What the spectra's squares need, summed over the positions at given loadings of a weighted matrix.
struct SquaresSums {
  std::vector<double> products;  ///< Wᵀ X̃: channels × padded width
  std::vector<double> gram;      ///< Wᵀ W: components × components
};

/// Solves one row: from its products with the spectra (X̃ Hᵀ) to its loadings.
using RowSolution = std::function<void(std::int64_t row, const double* products, double* loadings)>;

/// Solves every row's loadings and sums. `solution` makes what one worker uses for one block.
SquaresSums squares_sums(const WeightedMatrix& matrix, const std::vector<double>& table, std::vector<double>& loadings,
                         std::size_t components, const std::function<RowSolution()>& solution, Context& context);

/// H Hᵀ of a table, components × components.
std::vector<double> gram_of(const std::vector<double>& table, std::size_t components);

/// ½ ‖X̃ − W H‖² at the loadings of `sums`.
double half_squares(double total_sum_of_squares, const SquaresSums& sums, const std::vector<double>& table,
                    const std::vector<double>& gram);

/// One pass of alternating non-negative least squares on a weighted matrix: min ½ ‖X̃ − W H‖² with exact solutions of
/// both sides in turn (Kim and Park, SIAM J. Matrix Anal. Appl. 30, 713 (2008)). Spectra and loadings are those of the
/// weighted matrix. `total_sum_of_squares` is ‖X̃‖².
Pass least_squares_pass(const WeightedMatrix& matrix, double total_sum_of_squares, std::size_t components,
                        Context& context);

/// ‖X̃‖².
double sum_of_squares(const WeightedMatrix& matrix, Context& context);

}  // namespace ruska::ops::unmix
