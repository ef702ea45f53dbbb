// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/ops/unmix/weighted_matrix.hpp"

namespace ruska::ops::unmix {

/// Standard deviation of the noise of integers over that of counts, judged by the median singular value of the
/// Poisson-weighted matrix: exactly 1 where it is that of counts, or too few values tell. Above it one electron or
/// photon is more than one count: a camera's gain.
double noise_over_counts(const LeadingComponents& leading, const WeightedMatrix& matrix);

/// The same judged by some hundred positions, evenly spread: what operations ask that need no decomposition themselves.
double noise_over_counts(const Rows& data, const Masks& masks, Context& context);
/// Bytes that the latter holds.
std::int64_t noise_over_counts_memory(const Description& data);

}  // namespace ruska::ops::unmix
