// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/ops/diffraction/scan/frame_pass.hpp"
#include "ruska/ops/diffraction/scan/scan_setup.hpp"

// The results of diffraction.scan as people and files want them.
namespace ruska::ops::diffraction {

/// What a finished run knows beside its sums.
struct ScanRun {
  const Inputs& inputs;
  const ScanParams& params;
  const ScanSetup& setup;
  const Detectors& detectors;
  const FrameView& view;                ///< at the mean origin
  const FollowingDetectors* following;  ///< null where detectors stay
  const std::vector<std::uint8_t>& left_out;
  std::int64_t rings = 0;  ///< of the radial profile
};

/// What sums are stored as: NumPy's choice for integers.
DType sum_dtype(const Inputs& inputs);
/// Whether values are corrected before they are summed.
bool is_corrected(const Inputs& inputs);

/// The axes of a pattern about the centre in the unit of the calibrated pixel, or those of the data where no size is
/// calibrated.
Axes pattern_axes(const ScanRun& run);

/// `maximum` over `pattern_axes`. Instantiated for int64 and float64.
template <class Sum>
Outputs scan_outputs(const ScanRun& run, const PassSums<Sum>& pass, Dataset maximum, Context& context);

}  // namespace ruska::ops::diffraction
