// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/nmf/alternation.hpp"

namespace ruska::ops::unmix {

/// One pass of Poisson maximum likelihood (Kullback-Leibler divergence): a few Newton steps for the loadings of each
/// row, and the multiplicative update H ← H ∘ (Wᵀ (X / WH)) of Lee and Seung (Nature 401, 788 (1999)) for the spectra,
/// both touching nonzeros only. The loadings are refined in place.
Pass poisson_pass(const Rows& data, std::size_t components, Context& context);

/// Uncertainties at a solution, each side given the other.
struct PoissonUncertainty {
  std::vector<double> loadings;  ///< positions × components
  std::vector<double> spectra;   ///< channels × padded width
};
PoissonUncertainty poisson_uncertainty(const Rows& data, const Factorization& solution, Context& context);

}  // namespace ruska::ops::unmix
