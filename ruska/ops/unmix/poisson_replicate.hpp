// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska::ops::unmix {

/// One repetition of a measurement whose mean is loadings · factors: independent Poisson counts, sparse, drawn when
/// they are read, the same for whoever reads them (parametric bootstrap: Efron, Ann. Stat. 7, 1 (1979)). `like` gives
/// the axes; factors: components × channels, ≥ 0, unit sums; loadings: positions × components, in counts, NaN where
/// there are none; they must outlive the dataset. The draws are named by (seed, replicate). Costs as much as there are
/// counts.
Dataset poisson_replicate(const Description& like, const std::vector<double>& factors,
                          const std::vector<double>& loadings, std::uint64_t seed, std::uint64_t replicate);

}  // namespace ruska::ops::unmix
