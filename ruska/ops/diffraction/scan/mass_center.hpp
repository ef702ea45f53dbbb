// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ruska/ops/diffraction/scan/scan_setup.hpp"

namespace ruska::ops::diffraction {

/// The centre of mass at every position with its standard deviation, x of all positions and then y; NaN where there are
/// no counts.
struct MassCenters {
  std::vector<double> center{}, sigma{};
  Vector mean{};  ///< of all frames as a coordinate of the signal axes; NaN where there are no counts at all
  std::string unit{};
  std::string story{};  ///< from where, in which frame
};

/// From the sums Σ I, Σ I x, Σ I y of each frame, `stride` apart, and the sum pattern. Without a calibration these are
/// coordinates of the signal axes. With one they are s R T E⁻¹ (c − origin), as far as its parts are known, from the
/// mean of all frames where no origin is. The variance of c by counting statistics, V/N with N the frame's counts,
/// takes for V the frames' mean variance of k, which follows from the sum pattern: its variance is V plus that of c
/// over the scan (law of total variance, frames weighted by their counts). Instantiated for int64 and float64.
template <class Sum>
MassCenters mass_centers(std::span<const Sum> sums, std::int64_t stride, std::span<const Sum> pattern,
                         const Description& data, const ScanSetup& setup);

}  // namespace ruska::ops::diffraction
