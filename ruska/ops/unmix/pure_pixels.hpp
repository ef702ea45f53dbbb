// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/unmix/pca/pca.hpp"

namespace ruska::ops::unmix {

/// Positions whose spectra span the data's cone, and these spectra.
struct PurePixels {
  std::vector<std::int64_t> positions;  ///< in the order in which they were found
  std::vector<double> spectra;          ///< components × channels, ≥ 0, unit sum
};

/// Which positions the search may pick.
struct PurePixelSearch {
  std::int64_t components = 1;
  std::int64_t window = 5;     ///< edge of the square over which neighbours are averaged; odd
  double least_counts = 0.25;  ///< positions with less than this part of the median sum are passed over
  std::int64_t seed = 0;
  std::int64_t start = 0;  ///< > 0: searches only the half of the positions that (seed, start) draws, where enough
};

/// Successive projections (Araújo et al., Chemom. Intell. Lab. Syst. 57, 65 (2001)) on the spatially averaged,
/// PCA-denoised spectra, scaled to unit sum. `navigation` is the shape of the positions.
/// Throws invalid_argument when fewer than `components` positions or PCA components are there.
PurePixels pure_pixels(const PcaResult& denoised, const Shape& navigation, const PurePixelSearch& search);

}  // namespace ruska::ops::unmix
