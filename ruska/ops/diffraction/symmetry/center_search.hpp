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
  bool any = false;     ///< false: no azimuthal contrast above the noise, nothing else is meaningful
  double y = 0, x = 0;  ///< centre, pixels
  double y_sigma = 0, x_sigma = 0;
  SymmetryScores scores;
  ScoreCovariance covariance{};
  std::array<double, 10> log_likelihood{}, probability{};
  std::size_t group = 0;  ///< the most probable one
};

/// Finds the centre within `search` pixels of (y, x) about which the pattern that `scorer` has loaded is most probably
/// symmetric, and scores it there. With `search` 0 it is scored about (y, x).
///
/// The scores are taken on a grid of at most 0.5 px. Each group is most likely at one of its nodes, with a wide
/// tolerance. For the `candidates` most likely groups other than "1" the mean score of the group's operations, a smooth
/// function of the centre, is followed to its top by parabolas through 3 × 3 centres, on that grid and on one half as
/// wide. The likelihoods of all groups are taken at these tops, and the greatest of each counts. σ of the centre
/// follows from the curvature of that mean score, and is at most that of a uniform number within ± search, as it is for
/// group "1".
PatternSymmetry find_symmetry(SymmetryScorer& scorer, double y, double x, double search, double tolerance);

}  // namespace ruska::ops::diffraction
