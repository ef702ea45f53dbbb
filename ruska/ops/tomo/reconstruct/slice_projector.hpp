// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ruska::ops::tomo {

/// Slices that are worked on side by side: element i of slice s lies at i · lanes + s.
inline constexpr std::int64_t lanes = 16;

/// Parallel-beam projections of square slices of width × width voxels, seen from above: voxel (z, x) at z · width + x.
/// A voxel at (x, z) from the axis falls on t = x cos θ + z sin θ from the axis' projection and is shared linearly
/// between the two nearest of `width` detector bins; what falls outside is lost. Forward and back are exact transposes.
class SliceProjector {
 public:
  /// `angles` in radians; `axis`: where the axis meets the detector, in bins.
  SliceProjector(std::int64_t width, std::vector<double> angles, double axis);

  std::int64_t width() const { return width_; }
  std::int64_t angles() const { return static_cast<std::int64_t>(cosine_.size()); }
  std::int64_t voxels() const { return width_ * width_; }
  std::int64_t bins() const { return angles() * width_; }

  /// bins × lanes from voxels × lanes.
  void forward(std::span<const float> slices, std::span<float> projections) const;
  /// voxels × lanes from bins × lanes.
  void back(std::span<const float> projections, std::span<float> slices) const;

 private:
  /// Calls visit(voxel, bin, share of that bin); the next bin has the rest.
  template <class Visit>
  void for_each_voxel(std::int64_t angle, const Visit& visit) const;

  std::int64_t width_;
  std::vector<double> cosine_, sine_;
  double axis_;
};

}  // namespace ruska::ops::tomo
