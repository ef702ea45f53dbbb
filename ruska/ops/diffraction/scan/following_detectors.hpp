// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "ruska/kernels/frame_masks.hpp"
#include "ruska/ops/diffraction/origin_shifts.hpp"

namespace ruska::ops::diffraction {

/// Which pixels of a frame the detectors and the rings of the radial profile hold.
struct FrameView {
  kernels::FrameMasks masks;
  std::vector<std::int32_t> rings{};  ///< of each pixel, −1 for none; empty where there is no profile
  std::vector<double> ring_area{};    ///< pixels in each ring
};

/// Detectors that follow the calibrated origin over a scan by whole pixels, so that every position counts the same
/// pixels about its centre, within half a pixel along each axis. Views are made when a shift first comes up and kept
/// while they fit 64 MiB. May be used from several threads.
class FollowingDetectors {
 public:
  /// `make` gives the view of a shift.
  FollowingDetectors(OriginShifts shifts, std::function<FrameView(Shift)> make);

  Shift shift(std::int64_t position) const { return shifts_.at(position); }
  std::shared_ptr<const FrameView> view(Shift shift) const;

  /// Bytes that all kept views hold at most, and one view of `sets` sets of pixels.
  static std::int64_t bytes_kept();
  static std::int64_t bytes_per_view(std::int64_t pixels, std::int64_t sets, bool rings);

 private:
  OriginShifts shifts_;
  std::function<FrameView(Shift)> make_;
  mutable std::mutex mutex_;
  mutable std::map<Shift, std::shared_ptr<const FrameView>> kept_;
  mutable std::int64_t bytes_ = 0;
};

}  // namespace ruska::ops::diffraction
