// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/diffraction/aligned_mean.hpp"

namespace ruska::ops::diffraction {

/// The azimuthal mean of a pattern.
struct RingProfile {
  double step = 1;             ///< px from bin to bin; bin 0 lies at radius 0
  std::vector<double> mean;    ///< 0 where no pixel lies
  std::vector<double> sigma;   ///< of the mean, from the scatter of its pixels
  std::vector<double> weight;  ///< pixels that went into a bin

  double radius(std::size_t bin) const { return step * static_cast<double>(bin); }
};

/// Pixels without coverage are left out. Radii are those of undistorted · (k − center); each pixel is shared between
/// the two bins that its centre lies between. Reaches to the nearest edge of the frame.
RingProfile ring_profile(const AlignedMean& pattern, std::int64_t height, std::int64_t width, Vector center,
                         const Matrix& undistorted, double step);

/// A maximum of the profile and its two feet, px.
struct RingPeak {
  double radius = 0, inner = 0, outer = 0;
  double prominence = 0;  ///< height above the higher foot
  double sigma = 0;       ///< standard deviation of the prominence by the profile's own
};
/// All maxima of the profile, smoothed by a Gaussian of 1.5 px, beyond the radius `from`; most significant first: by
/// prominence times the square root of the radius. A foot lies where the profile is lowest before it rises again
/// beyond its noise, or, where another ring stands on the flank, where the flank is least steep before it gets steeper
/// again.
std::vector<RingPeak> ring_peaks(const RingProfile& profile, double from);

}  // namespace ruska::ops::diffraction
