// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/pieces.hpp"

#include <algorithm>

#include "ruska/base/error.hpp"

namespace ruska {

Pieces::Pieces(Shape shape, Shape step, std::int64_t limit) : shape_(std::move(shape)), along_(std::move(step)) {
  if (along_.size() != shape_.size()) throw Error(ErrorKind::internal, "a step must have one length per axis");
  std::int64_t box = 1;
  for (std::size_t a = 0; a < shape_.size(); ++a) {
    along_[a] = std::clamp<std::int64_t>(along_[a], 1, std::max<std::int64_t>(shape_[a], 1));
    box *= along_[a];
  }
  // The last axes first, so that a box is a run of the array where it can be.
  for (std::size_t a = shape_.size(); a-- > 0;) {
    const std::int64_t other = box / along_[a];
    const std::int64_t wanted = std::max<std::int64_t>(limit / std::max<std::int64_t>(other, 1), 1);
    if (wanted < shape_[a]) {
      along_[a] = std::max<std::int64_t>(wanted / along_[a], 1) * along_[a];
      break;
    }
    along_[a] = std::max<std::int64_t>(shape_[a], 1);
    box = other * along_[a];
  }
  for (std::size_t a = 0; a < shape_.size(); ++a) {
    places_.push_back((shape_[a] + along_[a] - 1) / along_[a]);
    count_ *= places_.back();
  }
}

Region Pieces::at(std::int64_t index) const {
  Region region{Shape(shape_.size()), Shape(shape_.size())};
  for (std::size_t a = shape_.size(); a-- > 0;) {
    region.start[a] = index % places_[a] * along_[a];
    region.shape[a] = std::min(along_[a], shape_[a] - region.start[a]);
    index /= places_[a];
  }
  return region;
}

}  // namespace ruska
