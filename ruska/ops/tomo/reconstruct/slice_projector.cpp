// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/tomo/reconstruct/slice_projector.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::ops::tomo {

SliceProjector::SliceProjector(std::int64_t width, std::vector<double> angles, double axis)
    : width_(width), axis_(axis) {
  for (const double angle : angles) {
    cosine_.push_back(std::cos(angle));
    sine_.push_back(std::sin(angle));
  }
}

template <class Visit>
void SliceProjector::for_each_voxel(std::int64_t angle, const Visit& visit) const {
  const double cosine = cosine_[static_cast<std::size_t>(angle)], sine = sine_[static_cast<std::size_t>(angle)];
  const double middle = static_cast<double>(width_ - 1) / 2;
  for (std::int64_t z = 0; z < width_; ++z) {
    const double start = axis_ + (static_cast<double>(z) - middle) * sine - axis_ * cosine;
    for (std::int64_t x = 0; x < width_; ++x) {
      const double at = start + static_cast<double>(x) * cosine;
      const double below = std::floor(at);
      if (below < -1 || below >= static_cast<double>(width_)) continue;
      visit(z * width_ + x, static_cast<std::int64_t>(below), static_cast<float>(1 - (at - below)));
    }
  }
}

void SliceProjector::forward(std::span<const float> slices, std::span<float> projections) const {
  std::fill(projections.begin(), projections.end(), 0.0f);
  for (std::int64_t angle = 0; angle < angles(); ++angle) {
    float* const view = projections.data() + angle * width_ * lanes;
    for_each_voxel(angle, [&](std::int64_t voxel, std::int64_t bin, float share) {
      const float* const from = slices.data() + voxel * lanes;
      if (bin >= 0) {
        float* const to = view + bin * lanes;
        for (std::int64_t s = 0; s < lanes; ++s) to[s] += share * from[s];
      }
      if (bin + 1 < width_) {
        float* const to = view + (bin + 1) * lanes;
        const float rest = 1 - share;
        for (std::int64_t s = 0; s < lanes; ++s) to[s] += rest * from[s];
      }
    });
  }
}

void SliceProjector::back(std::span<const float> projections, std::span<float> slices) const {
  std::fill(slices.begin(), slices.end(), 0.0f);
  for (std::int64_t angle = 0; angle < angles(); ++angle) {
    const float* const view = projections.data() + angle * width_ * lanes;
    for_each_voxel(angle, [&](std::int64_t voxel, std::int64_t bin, float share) {
      float* const to = slices.data() + voxel * lanes;
      if (bin >= 0) {
        const float* const from = view + bin * lanes;
        for (std::int64_t s = 0; s < lanes; ++s) to[s] += share * from[s];
      }
      if (bin + 1 < width_) {
        const float* const from = view + (bin + 1) * lanes;
        const float rest = 1 - share;
        for (std::int64_t s = 0; s < lanes; ++s) to[s] += rest * from[s];
      }
    });
  }
}

}  // namespace ruska::ops::tomo
