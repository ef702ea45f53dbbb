// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "ruska/ops/diffraction/symmetry/point_group.hpp"
#include "ruska/ops/diffraction/symmetry/symmetry_scores.hpp"

namespace ruska::ops::diffraction {

/// What is found out about one pattern.
struct PatternSymmetry {
  bool any = false;           ///< false: no azimuthal contrast above the noise, nothing else is meaningful
  double y = 0, x = 0;        ///< centre, pixels
  double y_sigma = 0, x_sigma = 0;
  SymmetryScores scores;
  ScoreCovariance covariance{};
  std::array<double, 10> probability{};
  std::size_t group = 0;  ///< the most probable one
};

/// Finds the centre within `search` pixels of (y, x) about which the pattern that `scorer` has loaded is most probably
/// symmetric, and scores it there. With `search` 0 it is scored about (y, x).
///
/// The scores are taken on a grid of at most 0.5 px. The node where the likelihood of some group other than "1", with a
/// wide tolerance, is largest, names a group; the mean score of that group's operations is a smooth function of the centre,
/// whose top is found from parabolas through 3 × 3 nodes, twice. The standard deviation of the centre follows from the
/// curvature of that score and the standard deviation of its slope's noise, and is at most that of a uniform number within ± search.
PatternSymmetry find_symmetry(SymmetryScorer& scorer, double y, double x, double search, double tolerance);

}  // namespace ruska::ops::diffraction
