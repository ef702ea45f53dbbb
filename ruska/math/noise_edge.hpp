// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace ruska::math {

/// The largest eigenvalue that X Xᵀ has in the limit of large sizes for a noise matrix X whose elements in row i have
/// the variance row_variance[i], with `columns` columns: the upper edge of the generalised Marchenko–Pastur law
/// (Silverstein and Choi, J. Multivar. Anal. 54, 295 (1995)). For equal variances v it is v (√rows + √columns)².
/// Zero when all variances are zero. `columns` > 0 need not be whole.
double noise_edge(const std::vector<double>& row_variance, double columns);

/// Above which singular value a component of a rows × columns matrix in noise is worth keeping: the square root of the
/// noise edge times the ratio that Gavish and Donoho's optimal threshold has to the edge of white noise.
double singular_value_threshold(const std::vector<double>& row_variance, double columns);

}  // namespace ruska::math
