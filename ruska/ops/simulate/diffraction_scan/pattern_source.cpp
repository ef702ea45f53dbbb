// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/simulate/diffraction_scan/pattern_source.hpp"

#include <algorithm>

namespace ruska::ops::simulate {
namespace {

constexpr std::int64_t chunk_bytes = 256 << 10;

class MadeFrames final : public Source {
 public:
  MadeFrames(Description description, std::function<void(std::int64_t, std::span<std::byte>)> make)
      : description_(std::move(description)), make_(std::move(make)) {
    // A frame is made whole, whichever part of it is wanted; many small ones lie together in a file.
    description_.chunk = description_.shape();
    const std::int64_t frame = description_.signal_size() * static_cast<std::int64_t>(size_of(description_.dtype));
    description_.chunk[0] = 1;
    description_.chunk[1] = std::clamp<std::int64_t>(chunk_bytes / std::max<std::int64_t>(1, frame), 1,
                                                     std::max<std::int64_t>(1, description_.chunk[1]));
  }
  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    const Shape frame = description_.signal_shape();
    const Region part{{region.start.begin() + 2, region.start.end()}, {region.shape.begin() + 2, region.shape.end()}};
    const std::size_t item = size_of(description_.dtype), bytes = static_cast<std::size_t>(part.count()) * item;
    const bool whole = part.shape == frame;
    std::vector<std::byte> values(whole ? 0 : static_cast<std::size_t>(count(frame)) * item);
    for (std::int64_t y = region.start[0]; y < region.start[0] + region.shape[0]; ++y) {
      for (std::int64_t x = region.start[1]; x < region.start[1] + region.shape[1]; ++x) {
        const std::int64_t position = y * description_.axes[1].size + x;
        const auto place = out.first(bytes);
        out = out.subspan(bytes);
        if (whole) {
          make_(position, place);
        } else {
          make_(position, values);
          copy_region(values, frame, item, part, place);
        }
      }
    }
  }

 private:
  Description description_;
  std::function<void(std::int64_t, std::span<std::byte>)> make_;
};

}  // namespace

Dataset frames_made_when_read(Description description, std::function<void(std::int64_t, std::span<std::byte>)> make) {
  return Dataset(std::make_shared<MadeFrames>(std::move(description), std::move(make)));
}

}  // namespace ruska::ops::simulate
