// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/unmix/phases/grouped_counts.hpp"

namespace ruska::ops::unmix {

/// Leading components of the Poisson-weighted counts, with the edge below which components are noise.
struct NoiseEdge {
  std::vector<double> eigenvalues;   ///< of the weighted Gram matrix per row used, falling: pure noise has about 1
  double edge = 0;                   ///< in the same units
  std::int64_t rank = 1;             ///< eigenvalues above the edge, at least 1
  std::vector<double> vectors;       ///< components × groups, unit length
  std::vector<double> group_weight;  ///< 1/√(share of the group in all counts); 0 for an empty group
  std::int64_t components = 0;       ///< vectors kept
};

/// Keenan–Kotula weighting (Surf. Interface Anal. 36, 203 (2004)) makes the noise of counts white. Its largest
/// eigenvalue is measured, not assumed: the difference of two halves of the counts has the noise of the counts and no
/// signal, so its largest eigenvalue is the edge. The Marchenko–Pastur edge (1 + √(groups/rows))² is taken where it is
/// higher, and the fluctuation of a largest eigenvalue (Johnstone, Ann. Stat. 29, 295 (2001)) comes on top.
/// Rows are added up in runs of `run` along lines of `line` positions first.
NoiseEdge noise_edge(const GroupedCounts& data, std::int64_t most, std::int64_t run, std::int64_t line,
                     std::uint64_t seed, Context& context);

}  // namespace ruska::ops::unmix
