// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ruska/ops/diffraction/pixel_size/powder_standard.hpp"
#include "ruska/ops/diffraction/ring_profile.hpp"

namespace ruska::ops::diffraction {

/// A ring of the standard on the profile.
struct MeasuredRing {
  PowderRing ring;
  double radius = 0;                    ///< px, where the fitted scale puts it
  double height = 0, height_sigma = 0;  ///< as fitted
};

/// How the rings of a standard lie on a profile.
struct RingMatch {
  double pixel_size = 0, sigma = 0;  ///< 1/nm per px
  double width = 0;                  ///< of all rings, standard deviation, px
  double score = 0;                  ///< correlation of profile and comb at the first, coarse scale
  double rival_score = 0;            ///< that of the best scale more than 5 % away
  std::size_t significant = 0;       ///< rings higher than three standard deviations
  std::vector<MeasuredRing> rings;
  std::vector<double> fitted;  ///< the profile as fitted; 0 where it was not
  bool converged = false;
};

/// Where the rings of the standard lie on the profile beyond the radius `from` (px). First, over all scales between
/// `low` and `high` (1/nm per px) in steps of 0.1 %, the correlation of the profile's logarithm with a comb of
/// Gaussians at the rings, a polynomial of fourth degree in log r taken out of both, for three widths of the rings.
/// From the best scale on, a least-squares fit of the profile from the first ring's foot outward: Gaussians of one
/// width at radii 1/d over the pixel size, with free heights, on a background exp(c₀ + c₁ t + c₂ t² + c₃ t³) of the
/// radius. Rings that overlap share what they explain and still say where they lie together. Throws bad_data when fewer
/// than three rings stand out.
RingMatch match_rings(const RingProfile& profile, const PowderStandard& standard, double from, double low, double high);

}  // namespace ruska::ops::diffraction
