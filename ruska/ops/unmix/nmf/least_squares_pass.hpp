// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ruska/ops/unmix/nmf/alternation.hpp"
#include "ruska/ops/unmix/weighted_matrix.hpp"

namespace ruska::ops::unmix {

/// One pass of alternating non-negative least squares on a weighted matrix: min ½ ‖X̃ − W H‖² with exact solutions of
/// both sides in turn (Kim and Park, SIAM J. Matrix Anal. Appl. 30, 713 (2008)). Spectra and loadings are those of the
/// weighted matrix. `total_sum_of_squares` is ‖X̃‖².
Pass least_squares_pass(const WeightedMatrix& matrix, double total_sum_of_squares, std::size_t components,
                        Context& context);

/// ‖X̃‖².
double sum_of_squares(const WeightedMatrix& matrix, Context& context);

}  // namespace ruska::ops::unmix
