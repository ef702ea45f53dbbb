// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ruska/ops/unmix/leading_components.hpp"

namespace ruska::ops::unmix {

/// The `vectors` leading components, and of the singular values one more where there is one, by a randomised block
/// Krylov search (Musco and Musco, NeurIPS 2015): a block of guesses (`start`, rows of channels) and random vectors is
/// multiplied by XᵀX again and again, a pass over the data each time, and the best vectors in the space of all products
/// are kept, until another pass would lessen what they leave of the sum of squares by less than 5e-4 of it. Costs
/// passes · m n times some columns more than are asked, where the exact solution costs m n² and n³; neither side need
/// be small. The vectors are orthonormal and explain what is told; components that stand out from the noise are exact
/// to a small part of their error, those within it explain slightly less than the exact ones. Says with
/// context.not_converged when the passes that it allows itself were not enough.
LeadingComponents randomized_components(const WeightedMatrix& matrix, std::int64_t vectors,
                                        const std::vector<double>& start, std::int64_t seed, Context& context);

/// Bytes that it holds: altogether, and on top for each worker (beside the rows' own blocks).
std::int64_t randomized_components_memory(std::int64_t rows, std::int64_t columns, std::int64_t vectors);
std::int64_t randomized_components_memory_per_worker(std::int64_t rows, std::int64_t columns, std::int64_t vectors);

}  // namespace ruska::ops::unmix
