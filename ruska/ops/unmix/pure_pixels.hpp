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
  std::vector<double> sigma;  ///< same shape: what noise does to the mean within the principal components, and to these
  std::vector<double> signal;  ///< per component: what the positions averaged hold in all
};

/// How vertices are searched (simplex_vertices.hpp).
enum class VertexSearch { successive_projections, vertex_components, largest_simplex };

/// How to search, and which positions may be picked.
struct PurePixelSearch {
  std::int64_t components = 1;
  std::int64_t window = 5;     ///< edge of the square over which neighbours are averaged; odd
  double least_counts = 0.25;  ///< positions with less than this part of the median sum are passed over
  std::int64_t seed = 0;
  std::int64_t start = 0;  ///< > 0: searches only the half of the positions that (seed, start) draws, where enough
  VertexSearch method = VertexSearch::successive_projections;
};

/// Searches the vertices of the spatially averaged, PCA-denoised spectra, scaled to unit sum. `navigation` is the shape
/// of the positions.
/// Throws invalid_argument when fewer than `components` positions or PCA components are there.
PurePixels pure_pixels(const PcaResult& denoised, const Shape& navigation, const PurePixelSearch& search);

}  // namespace ruska::ops::unmix
