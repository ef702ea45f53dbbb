// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ruska/ops/diffraction/pixel_size/powder_standard.hpp"
#include "ruska/ops/diffraction/ring_profile.hpp"

namespace ruska::ops::diffraction {

/// A ring of the standard as it was measured.
struct MeasuredRing {
  PowderRing ring;
  double radius = 0, radius_sigma = 0;  ///< px
  double height = 0;
};

/// How the rings of a standard lie on a profile.
struct RingMatch {
  double pixel_size = 0, sigma = 0;  ///< 1/nm per px
  double score = 0;                  ///< correlation of profile and comb at the first, coarse scale
  double rival_score = 0;            ///< that of the best scale more than 5 % away
  double reduced_chi_square = 0;     ///< of the radii about their straight line
  std::vector<MeasuredRing> rings;
};

/// Where the rings of the standard lie on the profile beyond the radius `from` (px). First, over all scales between
/// `low` and `high` (1/nm per px) in steps of 0.1 %, the correlation of the profile's peaks — what is above its
/// morphological opening, square root — with a comb of Gaussians at the rings, weighted by the root of multiplicity
/// over 1/d² and 1/d. Then a Gaussian on a sloping line through the profile about every ring that stands alone, and a
/// straight line through radii and 1/d. Throws bad_data when fewer than three rings can be measured.
RingMatch match_rings(const RingProfile& profile, const PowderStandard& standard, double from, double low, double high);

}  // namespace ruska::ops::diffraction
