// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/unmix/phases/noise_edge.hpp"
#include "ruska/ops/unmix/phases/position_grid.hpp"

namespace ruska::ops::unmix {

/// Products of the weighted unit-sum spectrum of every position with the leading components: positions × components;
/// zero for positions left out.
std::vector<float> component_scores(const GroupedCounts& data, const NoiseEdge& components,
                                    const std::vector<double>& row_sum, Context& context);

/// The smallest odd window over which neighbours must be averaged for the weakest of `phases` components to rise well
/// above the noise of a mean; never larger than the smallest phase that may be there.
std::int64_t averaging_window(const NoiseEdge& components, std::int64_t phases, const PositionGrid& grid,
                              double minimum_area);

/// Where to look.
struct PurestSearch {
  std::int64_t phases = 1;
  std::int64_t window = 1;  ///< odd
  std::uint64_t seed = 0;
  std::uint64_t start = 0;  ///< above 0: in the half of the positions that (seed, start) draws
};

/// Unit-sum spectra (phases × groups) at the corners of the data: the positions whose spectra, averaged over the window
/// and reduced to the leading components, span the largest simplex (N-FINDR by exchange, Winter, Proc. SPIE 3753, 266
/// (1999), started by successive projections).
std::vector<double> purest_spectra(const GroupedCounts& data, const NoiseEdge& components,
                                   const std::vector<float>& scores, const std::vector<double>& row_sum,
                                   const PositionGrid& grid, const PurestSearch& search, Context& context);

}  // namespace ruska::ops::unmix
