// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/slice_projection.hpp"

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/slice_projection.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, slice_lanes>;

constexpr std::int64_t one_bin = std::int64_t{1} << 32, half_bin = one_bin / 2;

/// Calls visit(voxel, bins, shares) for every voxel that falls on bins of the view or its margin: the first of three
/// bins, and the three shares.
template <class Visit>
HWY_INLINE void for_each_voxel(const SliceView& view, const Visit& visit) {
  const std::int64_t width = view.width;
  for (std::int64_t z = 0; z < width; ++z) {
    std::int64_t place = view.first + z * view.along_z + half_bin;
    for (std::int64_t x = 0; x < width; ++x, place += view.along_x) {
      const std::int64_t nearest = place >> 32;
      if (nearest < -1 || nearest > width) continue;
      const std::int64_t row = (place & (one_bin - 1)) / (one_bin / footprint_steps);
      visit((z * width + x) * slice_lanes, (nearest - 1 + bin_margin) * slice_lanes,
            view.footprint + row * footprint_bins);
    }
  }
}

void Project(const SliceView& view, const float* slices, float* bins) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for_each_voxel(view, [&](std::int64_t voxel, std::int64_t bin, const float* shares) HWY_ATTR {
    const auto share0 = hn::Set(d, shares[0]), share1 = hn::Set(d, shares[1]), share2 = hn::Set(d, shares[2]);
    for (std::int64_t s = 0; s < slice_lanes; s += lanes) {
      const auto value = hn::LoadU(d, slices + voxel + s);
      float* const to = bins + bin + s;
      hn::StoreU(hn::MulAdd(share0, value, hn::LoadU(d, to)), d, to);
      hn::StoreU(hn::MulAdd(share1, value, hn::LoadU(d, to + slice_lanes)), d, to + slice_lanes);
      hn::StoreU(hn::MulAdd(share2, value, hn::LoadU(d, to + 2 * slice_lanes)), d, to + 2 * slice_lanes);
    }
  });
}

void BackProject(const SliceView& view, const float* bins, float* slices) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for_each_voxel(view, [&](std::int64_t voxel, std::int64_t bin, const float* shares) HWY_ATTR {
    const auto share0 = hn::Set(d, shares[0]), share1 = hn::Set(d, shares[1]), share2 = hn::Set(d, shares[2]);
    for (std::int64_t s = 0; s < slice_lanes; s += lanes) {
      const float* const from = bins + bin + s;
      auto sum = hn::MulAdd(share0, hn::LoadU(d, from), hn::LoadU(d, slices + voxel + s));
      sum = hn::MulAdd(share1, hn::LoadU(d, from + slice_lanes), sum);
      sum = hn::MulAdd(share2, hn::LoadU(d, from + 2 * slice_lanes), sum);
      hn::StoreU(sum, d, slices + voxel + s);
    }
  });
}

/// div p of lanes [s, s + Lanes) of a voxel: what leaves it along x and z less what comes in; nothing crosses the
/// edges.
HWY_INLINE hn::Vec<Tag> divergence(std::int64_t width, std::int64_t z, std::int64_t x, std::int64_t s,
                                   const float* along_x, const float* along_z) {
  const Tag d;
  const std::int64_t here = (z * width + x) * slice_lanes + s;
  auto sum = x + 1 < width ? hn::LoadU(d, along_x + here) : hn::Zero(d);
  if (x > 0) sum = hn::Sub(sum, hn::LoadU(d, along_x + here - slice_lanes));
  if (z + 1 < width) sum = hn::Add(sum, hn::LoadU(d, along_z + here));
  if (z > 0) sum = hn::Sub(sum, hn::LoadU(d, along_z + here - width * slice_lanes));
  return sum;
}

void LowerVariationStep(std::int64_t width, const float* slices, const float* inverse, float step, float* along_x,
                        float* along_z, float* scratch) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t z = 0; z < width; ++z) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t s = 0; s < slice_lanes; s += lanes) {
        const std::int64_t here = (z * width + x) * slice_lanes + s;
        const auto scaled = hn::Mul(hn::LoadU(d, slices + here), hn::LoadU(d, inverse + s));
        hn::StoreU(hn::Sub(divergence(width, z, x, s, along_x, along_z), scaled), d, scratch + here);
      }
    }
  }
  const auto tau = hn::Set(d, step), one = hn::Set(d, 1.0f);
  for (std::int64_t z = 0; z < width; ++z) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t s = 0; s < slice_lanes; s += lanes) {
        const std::int64_t here = (z * width + x) * slice_lanes + s;
        const auto value = hn::LoadU(d, scratch + here);
        const auto right = hn::LoadU(d, scratch + (x + 1 < width ? here + slice_lanes : here));
        const auto below = hn::LoadU(d, scratch + (z + 1 < width ? here + width * slice_lanes : here));
        const auto dx = hn::Sub(right, value), dz = hn::Sub(below, value);
        const auto length = hn::Sqrt(hn::MulAdd(dx, dx, hn::Mul(dz, dz)));
        const auto scale = hn::Div(one, hn::MulAdd(tau, length, one));
        hn::StoreU(hn::Mul(hn::MulAdd(tau, dx, hn::LoadU(d, along_x + here)), scale), d, along_x + here);
        hn::StoreU(hn::Mul(hn::MulAdd(tau, dz, hn::LoadU(d, along_z + here)), scale), d, along_z + here);
      }
    }
  }
}

void SubtractDivergence(std::int64_t width, const float* along_x, const float* along_z, const float* weight,
                        float* slices) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t z = 0; z < width; ++z) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t s = 0; s < slice_lanes; s += lanes) {
        float* const here = slices + (z * width + x) * slice_lanes + s;
        const auto step = divergence(width, z, x, s, along_x, along_z);
        hn::StoreU(hn::NegMulAdd(hn::LoadU(d, weight + s), step, hn::LoadU(d, here)), d, here);
      }
    }
  }
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(Project);
HWY_EXPORT(BackProject);
HWY_EXPORT(LowerVariationStep);
HWY_EXPORT(SubtractDivergence);

void project(const SliceView& view, const float* slices, float* bins) {
  HWY_DYNAMIC_DISPATCH(Project)(view, slices, bins);
}

void back_project(const SliceView& view, const float* bins, float* slices) {
  HWY_DYNAMIC_DISPATCH(BackProject)(view, bins, slices);
}

void lower_variation_step(std::int64_t width, const float* slices, const float* inverse, float step, float* along_x,
                          float* along_z, float* scratch) {
  HWY_DYNAMIC_DISPATCH(LowerVariationStep)(width, slices, inverse, step, along_x, along_z, scratch);
}

void subtract_divergence(std::int64_t width, const float* along_x, const float* along_z, const float* weight,
                         float* slices) {
  HWY_DYNAMIC_DISPATCH(SubtractDivergence)(width, along_x, along_z, weight, slices);
}

}  // namespace ruska::kernels
#endif
