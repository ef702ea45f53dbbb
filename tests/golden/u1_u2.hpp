// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska::golden {

/// The weights of a material's elements, by atomic number.
using Material = std::vector<std::pair<int, double>>;

/// A material's spectrum, unit sum: Gaussian K lines (Kβ 0.13 of Kα), Fe L 0.3 and Cu L 0.4 of Kα, detector resolution
/// 130 eV at Mn Kα, 20 % background (15 − E)/E · (1 − exp(−(E/0.6)²)) with E in keV; line energies of xraylib.
std::vector<double> spectrum_of(const Material& material, std::size_t channels, double channel_width);

/// Two spheres in a matrix: the spectra of three materials and how much of each every position holds.
struct TwoSpheres {
  std::int64_t edge = 0;  ///< positions along y and along x
  std::int64_t channels = 0;
  double channel_width = 0;       ///< keV
  double counts = 0;              ///< mean counts per position
  std::vector<double> spectra;    ///< 3 × channels, unit sums: matrix, first sphere, second sphere
  std::vector<double> fractions;  ///< positions × 3, each row of sum 1

  std::int64_t positions() const { return edge * edge; }
  /// Mean counts, positions × channels.
  std::vector<double> expected() const;
  /// One Poisson draw, uint16, axes (y, x | Energy in keV).
  Dataset draw(std::uint64_t seed) const;
};

/// Test U1: 128 × 128 × 1024 channels of 10 eV, spheres of radius 25 and peak fraction 0.8, 293 counts per position.
TwoSpheres u1();
/// Test U2: 64 × 64 × 512 channels of 20 eV, spheres of radius 12.5.
TwoSpheres u2(double peak_fraction, double counts);

/// Mean error of abundances over positions and materials; `estimate` is found × positions, matched to the materials as
/// fits best, and materials without a match count as zero.
double mean_abundance_error(const TwoSpheres& truth, const std::vector<double>& estimate);

/// Angle in degrees of each true spectrum to its match among `found` (count × channels), matched as fits best; 90 for a
/// material without a match.
std::vector<double> spectral_angles(const TwoSpheres& truth, const std::vector<double>& found);

}  // namespace ruska::golden
