// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ruska::ops::unmix {

// Spectra of unit sum fill a simplex whose vertices are the pure ones. Each search takes `points` (number × width
// coordinates), at least `asked` of them and asked ≤ width, and returns the points nearest to the vertices, in the
// order in which it found them.

/// Successive projections: the point of the largest norm is a vertex; projecting all points on the complement of the
/// vertices found and repeating finds the others. Araújo et al., Chemom. Intell. Lab. Syst. 57, 65 (2001); its error
/// grows linearly with the noise: Gillis and Vavasis, IEEE Trans. PAMI 36, 698 (2014).
std::vector<std::size_t> successive_projections(std::vector<double> points, std::size_t width, std::size_t asked);

/// Vertex component analysis: the extreme point along a random direction orthogonal to the vertices found. Nascimento
/// and Bioucas-Dias, IEEE Trans. Geosci. Remote Sens. 43, 898 (2005). `seed` and `start` name the directions.
std::vector<std::size_t> vertex_components(const std::vector<double>& points, std::size_t width, std::size_t asked,
                                           std::uint64_t seed, std::uint64_t start);

/// The points that span the largest simplex, by exchanging one vertex at a time for the point that enlarges it most
/// (N-FINDR: Winter, Proc. SPIE 3753, 266 (1999)), started by successive projections. Looks at the first `asked`
/// coordinates.
std::vector<std::size_t> largest_simplex(const std::vector<double>& points, std::size_t width, std::size_t asked);

}  // namespace ruska::ops::unmix
