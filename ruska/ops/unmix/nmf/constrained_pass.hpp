// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/ops/unmix/nmf/alternation.hpp"
#include "ruska/ops/unmix/nmf/map_penalty.hpp"
#include "ruska/ops/unmix/nmf/spectra_model.hpp"
#include "ruska/ops/unmix/weighted_matrix.hpp"

namespace ruska::ops::unmix {

/// One pass of Poisson maximum likelihood with a penalty on the maps and a model of the spectra. Loadings are row_sum ·
/// a with shares a ≥ 0 of sum 1, which the likelihood's maximum has by itself; its table holds the model's
/// coefficients. `row_sum` is each position's signal. The objective is the divergence plus the penalty. `chosen`: of
/// these positions alone (poisson_pass.hpp), for a penalty that does not couple them; loadings are theirs.
Pass constrained_poisson_pass(const Rows& data, const std::vector<double>& row_sum, const SpectraModel& model,
                              MapPenalty& penalty, std::span<const std::int64_t> chosen, Context& context);

/// The same for the squares of a weighted matrix, ½ ‖X̃ − W H‖² + noise² · penalty: loadings of the weighted matrix are
/// row_weight · row_sum · a, a ≥ 0, of sum 1 where `sum_to_one`. `noise` is the standard deviation of an element.
Pass constrained_squares_pass(const WeightedMatrix& matrix, double total_sum_of_squares, double noise, bool sum_to_one,
                              const std::vector<double>& row_sum, const SpectraModel& model, MapPenalty& penalty,
                              Context& context);

}  // namespace ruska::ops::unmix
