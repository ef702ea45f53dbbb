// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace ruska::math {

// Gavish and Donoho, IEEE Trans. Inf. Theory 60, 5040 (2014): the threshold on singular values that minimises the
// squared error of a low-rank matrix in white noise, for an aspect ratio β = smaller / larger dimension.

/// λ*(β) of their equation 11; the threshold is λ*(β) · √larger · σ for noise of standard deviation σ.
double optimal_hard_threshold(double beta);

/// Median of the Marchenko–Pastur law of aspect ratio β in (0, 1], noise of unit variance (by bisection of the
/// integrated density, to 1e-10).
double marchenko_pastur_median(double beta);

/// Noise estimated from the median of all min(m, n) singular values of an m × n matrix: median / √(larger · μ_β).
/// Zero when there are no values.
double noise_from_median(const std::vector<double>& falling_singular_values, double smaller, double larger);

}  // namespace ruska::math
