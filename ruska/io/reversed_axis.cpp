// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/reversed_axis.hpp"

#include <algorithm>

namespace ruska::io {

namespace {

class ReversedAxis final : public Source {
 public:
  ReversedAxis(std::shared_ptr<const Source> stored, std::size_t axis) : stored_(std::move(stored)), axis_(axis) {}

  const Description& describe() const override { return stored_->describe(); }
  std::int64_t buffered() const override { return stored_->buffered(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, describe(), out.size());
    Region mirrored = region;
    mirrored.start[axis_] = describe().axes[axis_].size - region.start[axis_] - region.shape[axis_];
    stored_->read(mirrored, out);
    if (out.empty()) return;
    std::size_t step = size_of(describe().dtype);
    for (std::size_t axis = axis_ + 1; axis < region.shape.size(); ++axis) {
      step *= static_cast<std::size_t>(region.shape[axis]);
    }
    const std::size_t block = step * static_cast<std::size_t>(region.shape[axis_]);
    for (std::size_t begin = 0; begin < out.size(); begin += block) {
      for (std::size_t low = begin, high = begin + block - step; low < high; low += step, high -= step) {
        std::swap_ranges(out.begin() + static_cast<std::ptrdiff_t>(low),
                         out.begin() + static_cast<std::ptrdiff_t>(low + step),
                         out.begin() + static_cast<std::ptrdiff_t>(high));
      }
    }
  }

 private:
  std::shared_ptr<const Source> stored_;
  std::size_t axis_;
};

}  // namespace

std::shared_ptr<const Source> reversed_axis(std::shared_ptr<const Source> stored, std::size_t axis) {
  return std::make_shared<ReversedAxis>(std::move(stored), axis);
}

}  // namespace ruska::io
