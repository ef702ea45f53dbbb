// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/following_detectors.hpp"

#include <utility>

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t most_bytes_kept = 64 << 20;
std::int64_t bytes_of(const FrameView& view) {
  return view.masks.bytes_held() + static_cast<std::int64_t>(view.rings.size()) * 4 +
         static_cast<std::int64_t>(view.ring_area.size()) * 8;
}

}  // namespace

FollowingDetectors::FollowingDetectors(OriginShifts shifts, std::function<FrameView(Shift)> make)
    : shifts_(std::move(shifts)), make_(std::move(make)) {}

std::shared_ptr<const FrameView> FollowingDetectors::view(Shift shift) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(shift);
    if (found != kept_.end()) return found->second;
  }
  auto made = std::make_shared<const FrameView>(make_(shift));
  const std::int64_t bytes = bytes_of(*made);
  const std::lock_guard lock(mutex_);
  if (bytes_ + bytes > most_bytes_kept) {
    kept_.clear();
    bytes_ = 0;
  }
  if (bytes <= most_bytes_kept && kept_.emplace(shift, made).second) bytes_ += bytes;
  return made;
}

std::int64_t FollowingDetectors::bytes_kept() { return most_bytes_kept; }

std::int64_t FollowingDetectors::bytes_per_view(std::int64_t pixels, std::int64_t sets, bool rings) {
  // A byte per pixel and, at worst, a run of eight bytes for every two; rings take four, and their areas less.
  return pixels * (5 * sets + (rings ? 12 : 0)) + (1 << 16);
}

}  // namespace ruska::ops::diffraction
