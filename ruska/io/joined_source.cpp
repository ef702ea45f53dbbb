// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/joined_source.hpp"

#include <algorithm>

#include "ruska/base/error.hpp"

namespace ruska::io {

namespace {

class JoinedSource final : public Source {
 public:
  JoinedSource(Description description, std::vector<std::shared_ptr<const Source>> parts)
      : description_(std::move(description)), parts_(std::move(parts)) {
    const Shape shape = description_.shape();
    for (const auto& part : parts_) {
      Shape whole = shape;
      const Shape lengths = part->describe().shape();
      if (!lengths.empty()) whole.at(0) = lengths[0];
      if (lengths != whole || part->describe().dtype != description_.dtype) {
        throw Error(ErrorKind::bad_data,
                    "a part of the shape " + to_string(lengths) + " cannot be joined to a signal " + to_string(shape));
      }
      starts_.push_back(starts_.back() + lengths[0]);
    }
    if (starts_.back() != shape.at(0)) {
      throw Error(ErrorKind::bad_data, "the parts have " + std::to_string(starts_.back()) + " steps together where " +
                                           std::to_string(shape[0]) + " are expected");
    }
  }

  const Description& describe() const override { return description_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const std::size_t step = out.size() / static_cast<std::size_t>(region.shape[0]);
    const std::int64_t end = region.start[0] + region.shape[0];
    auto part = static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), region.start[0]) -
                                         starts_.begin() - 1);
    for (std::int64_t at = region.start[0]; at < end; ++part) {
      Region piece = region;
      piece.start[0] = at - starts_[part];
      piece.shape[0] = std::min(end, starts_[part + 1]) - at;
      const std::size_t bytes = step * static_cast<std::size_t>(piece.shape[0]);
      parts_[part]->read(piece, out.first(bytes));
      out = out.subspan(bytes);
      at += piece.shape[0];
    }
  }

 private:
  Description description_;
  std::vector<std::shared_ptr<const Source>> parts_;
  std::vector<std::int64_t> starts_{0};
};

}  // namespace

std::shared_ptr<const Source> joined_source(Description description, std::vector<std::shared_ptr<const Source>> parts) {
  return std::make_shared<JoinedSource>(std::move(description), std::move(parts));
}

}  // namespace ruska::io
