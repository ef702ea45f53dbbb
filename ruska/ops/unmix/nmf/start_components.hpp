// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "ruska/ops/unmix/pca/pca.hpp"

namespace ruska::ops::unmix {

/// The leading `components` of unweighted data, to a thousandth of a radian, for a search of pure positions: without
/// the other singular values, the noise and a reason. Empty where they do not stand out enough to be found in a few
/// passes, where the matrix is too small to gain anything by it, and where rows are sparse, which makes exact ones
/// cheap. Block power iteration (Rutishauser, Numer. Math. 13, 4 (1969)) from random vectors drawn by `seed`.
std::optional<PcaResult> start_components(const Rows& data, const Marginals& sums, std::int64_t components,
                                          std::int64_t seed, Context& context);

}  // namespace ruska::ops::unmix
