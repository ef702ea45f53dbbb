// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/kernels/slice_projection.hpp"

namespace ruska::ops::tomo {

/// Slices that are worked on side by side: element i of slice s lies at i · lanes + s.
inline constexpr std::int64_t lanes = kernels::slice_lanes;

/// Parallel-beam projections of square slices of width × width voxels, seen from above: voxel (z, x) at z · width + x.
/// The centre of a voxel at (x, z) from the axis falls on t = x cos θ + z sin θ from the axis' projection. Each of
/// `width` detector bins gets the share of the voxel's area that lies over it, so that even slices project evenly at
/// every angle; what falls outside is lost. Forward and back are exact transposes.
class SliceProjector {
 public:
  /// `angles` in radians; `axis`: where the axis meets the detector, in bins.
  SliceProjector(std::int64_t width, const std::vector<double>& angles, double axis);

  std::int64_t width() const { return width_; }
  std::int64_t angles() const { return static_cast<std::int64_t>(views_.size()); }
  std::int64_t voxels() const { return width_ * width_; }
  std::int64_t bins() const { return angles() * width_; }

  /// bins × lanes from voxels × lanes.
  void forward(std::span<const float> slices, std::span<float> projections) const;
  /// voxels × lanes from bins × lanes.
  void back(std::span<const float> projections, std::span<float> slices) const;

 private:
  /// Where the bins of a view begin in a line with margins.
  static constexpr std::int64_t margin = kernels::bin_margin * lanes;
  std::vector<float> line() const { return std::vector<float>(static_cast<std::size_t>(width_ * lanes + 2 * margin)); }

  std::int64_t width_;
  std::vector<std::vector<float>> footprints_;
  std::vector<kernels::SliceView> views_;
};

}  // namespace ruska::ops::tomo
