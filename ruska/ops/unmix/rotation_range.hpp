// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace ruska::ops::unmix {

/// How far a factorisation could be another one that the data and non-negativity allow just as well.
struct RotationRange {
  /// components × components: at [k, l] the largest part of spectrum k that may belong to spectrum l …
  std::vector<double> may_hold;
  /// … and the largest part of l's spectrum that may have to be added to k, relative to k.
  std::vector<double> may_lack;
};

/// Elementary rotations: spectrum k less t of spectrum l, the loadings of l growing by t times those of k, leave the
/// product as it is. `may_hold` is the largest t for which the spectrum stays non-negative, `may_lack` the largest t
/// for which the loadings of l do when it is added instead: the bands of feasible solutions of Lawton and Sylvestre
/// (Technometrics 13, 617 (1971)), one pair at a time. Violations count in units of σ: their squares may sum to 4.
/// Factors: components × channels; loadings: positions × components, positions that are NaN being left out.
RotationRange rotation_range(const std::vector<double>& factors, const std::vector<double>& factors_sigma,
                             const std::vector<double>& loadings, const std::vector<double>& loadings_sigma,
                             std::size_t components);

}  // namespace ruska::ops::unmix
