// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/origin_shifts.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ruska::ops::diffraction {
namespace {

constexpr double farthest = 1 << 20;  // px: beyond any frame

}  // namespace

OriginShifts::OriginShifts(OriginCalibration origin, Shape scan)
    : origin_(std::move(origin)), scan_(std::move(scan)), mean_(origin_.mean()) {
  if (origin_.surface == "constant") return;
  for (std::int64_t p = 0; p < count(scan_); ++p) {
    const Shift shift = at(p);
    low_ = {std::min(low_.x, shift.x), std::min(low_.y, shift.y)};
    high_ = {std::max(high_.x, shift.x), std::max(high_.y, shift.y)};
  }
}

Shift OriginShifts::at(std::int64_t position) const {
  if (origin_.surface == "constant") return {};
  const Vector move = origin_.at_position(position, scan_) - mean_;
  const auto whole = [](double length) {
    return static_cast<std::int64_t>(std::floor(std::clamp(length, -farthest, farthest) + 0.5));
  };
  return {whole(move.x), whole(move.y)};
}

}  // namespace ruska::ops::diffraction
