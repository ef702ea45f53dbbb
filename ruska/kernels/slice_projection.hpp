// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ruska::kernels {

/// Square slices that are worked on side by side: element i of slice s lies at i · slice_lanes + s.
inline constexpr std::int64_t slice_lanes = 16;

inline constexpr std::int64_t footprint_bins = 3;     ///< that one voxel falls on at most
inline constexpr std::int64_t footprint_steps = 256;  ///< places within a bin that footprints are tabulated for
inline constexpr std::int64_t bin_margin = 2;         ///< bins beyond either end of a view

/// One view of slices of width × width voxels, voxel (z, x) at z · width + x. Places on the detector are in bins
/// times 2³². `footprint`: footprint_steps × footprint_bins shares of a voxel in the bins about the nearest one, by its
/// place within that bin, lowest first.
struct SliceView {
  std::int64_t width = 0;
  std::int64_t first = 0, along_x = 0, along_z = 0;  ///< place of voxel (0, 0), and what it moves by
  const float* footprint = nullptr;
};

/// Adds the projection of `slices` to `bins`, which are width + 2 · bin_margin, times lanes.
void project(const SliceView& view, const float* slices, float* bins);
/// The transpose: adds to `slices`.
void back_project(const SliceView& view, const float* bins, float* slices);

/// A step towards less total variation of slices f (A. Chambolle, J. Math. Imaging Vis. 20, 89 (2004)):
///   d = div p − inverse · f,   p ← (p + τ ∇d) / (1 + τ |∇d|)
/// with one `inverse` per lane, p in `along_x` and `along_z`, and `scratch` of the slices' size for d.
void lower_variation_step(std::int64_t width, const float* slices, const float* inverse, float step, float* along_x,
                          float* along_z, float* scratch);
/// slices −= weight · div p, one weight per lane.
void subtract_divergence(std::int64_t width, const float* along_x, const float* along_z, const float* weight,
                         float* slices);

}  // namespace ruska::kernels
