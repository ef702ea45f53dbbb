// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/folded_axis.hpp"

#include "ruska/base/error.hpp"

namespace ruska::io {
namespace {

class FoldedAxis final : public Source {
 public:
  FoldedAxis(std::shared_ptr<const Source> stored, const Axes& axes)
      : stored_(std::move(stored)), folded_(axes.size()) {
    description_ = stored_->describe();
    Shape shape;
    for (const Axis& axis : axes) shape.push_back(axis.size);
    if (description_.axes.empty() || axes.empty() || count(shape) != description_.axes.front().size) {
      throw Error(ErrorKind::bad_data, "the positions of a signal of the shape " + to_string(description_.shape()) +
                                           " cannot be folded to " + to_string(shape));
    }
    description_.axes.erase(description_.axes.begin());
    description_.axes.insert(description_.axes.begin(), axes.begin(), axes.end());
    if (!description_.chunk.empty()) {
      // What of the fastest axis a chunk holds; more of it would be several rows.
      const std::int64_t along = std::min(description_.chunk.front(), std::max<std::int64_t>(shape.back(), 1));
      description_.chunk.insert(description_.chunk.begin(), folded_ - 1, 1);
      description_.chunk[folded_ - 1] = along;
    }
    description_.validate();
  }

  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return stored_->buffered(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    // Positions that follow each other are read at once.
    std::size_t outer = folded_ - 1;
    std::int64_t run = region.shape[outer];
    while (outer > 0 && region.shape[outer] == description_.axes[outer].size) run *= region.shape[--outer];
    const Shape lengths(region.shape.begin(), region.shape.begin() + static_cast<std::ptrdiff_t>(outer));
    const std::int64_t runs = count(lengths);
    const std::size_t bytes = out.size() / static_cast<std::size_t>(runs);
    Region piece;
    piece.start.assign(region.start.begin() + static_cast<std::ptrdiff_t>(folded_) - 1, region.start.end());
    piece.shape.assign(region.shape.begin() + static_cast<std::ptrdiff_t>(folded_) - 1, region.shape.end());
    piece.shape.front() = run;
    Shape at(outer, 0);
    for (std::int64_t i = 0; i < runs; ++i) {
      std::int64_t position = 0;
      for (std::size_t a = 0; a < folded_; ++a) {
        position = position * description_.axes[a].size + region.start[a] + (a < outer ? at[a] : 0);
      }
      piece.start.front() = position;
      stored_->read(piece, out.subspan(static_cast<std::size_t>(i) * bytes, bytes));
      for (std::size_t a = outer; a-- > 0;) {
        if (++at[a] < lengths[a]) break;
        at[a] = 0;
      }
    }
  }

 private:
  std::shared_ptr<const Source> stored_;
  std::size_t folded_;
  Description description_;
};

}  // namespace

std::shared_ptr<const Source> folded_axis(std::shared_ptr<const Source> stored, const Axes& axes) {
  return std::make_shared<FoldedAxis>(std::move(stored), axes);
}

}  // namespace ruska::io
