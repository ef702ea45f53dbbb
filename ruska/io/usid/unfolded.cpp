// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/usid/unfolded.hpp"

#include <algorithm>

#include "ruska/base/error.hpp"

namespace ruska::io::usid {
namespace {

/// Consecutive places of a folded axis.
struct Run {
  std::int64_t start, length;
};

/// The places of a box as runs of the folded axis, in C order.
std::vector<Run> runs_of(const Region& box, const Shape& shape) {
  std::size_t inner = shape.size();
  std::int64_t length = 1;
  // Trailing axes that are taken whole, and the one before them, make one run.
  while (inner > 0) {
    --inner;
    length *= box.shape[inner];
    if (box.shape[inner] != shape[inner]) break;
  }
  Shape index(inner, 0);
  std::vector<Run> runs;
  if (box.count() == 0) return runs;
  for (;;) {
    std::int64_t start = 0;
    for (std::size_t a = 0; a < shape.size(); ++a) start = start * shape[a] + box.start[a] + (a < inner ? index[a] : 0);
    runs.push_back({start, length});
    std::size_t a = inner;
    while (a > 0 && ++index[a - 1] == box.shape[a - 1]) index[--a] = 0;
    if (a == 0) return runs;
  }
}

class Unfolded final : public Source {
 public:
  Unfolded(std::shared_ptr<const Source> stored, const Axes& rows, const Axes& columns)
      : stored_(std::move(stored)), description_(stored_->describe()), row_axes_(rows.size()) {
    const Shape folded = stored_->describe().shape();
    description_.axes = rows;
    description_.axes.insert(description_.axes.end(), columns.begin(), columns.end());
    description_.chunk.clear();
    shape_ = description_.shape();
    if (count(part(shape_, true)) != folded[0] || count(part(shape_, false)) != folded[1]) {
      throw Error(ErrorKind::bad_data, "axes of " + to_string(shape_) + " places for an array of " + to_string(folded));
    }
  }

  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return stored_->buffered(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    const auto runs = [&](bool rows) {
      return runs_of({part(region.start, rows), part(region.shape, rows)}, part(shape_, rows));
    };
    const std::vector<Run> rows = runs(true), columns = runs(false);
    const std::size_t item = size_of(description_.dtype);
    std::int64_t width = 0;
    for (const Run& run : columns) width += run.length;
    std::vector<std::byte> values;
    std::int64_t row = 0;
    for (const Run& down : rows) {
      std::int64_t column = 0;
      const std::span<std::byte> band = out.subspan(static_cast<std::size_t>(row * width) * item,
                                                    static_cast<std::size_t>(down.length * width) * item);
      for (const Run& across : columns) {
        const Region box{{down.start, across.start}, {down.length, across.length}};
        if (across.length == width) {
          stored_->read(box, band);
        } else {
          values.resize(static_cast<std::size_t>(box.count()) * item);
          stored_->read(box, values);
          paste_region(values, {{0, column}, box.shape}, band, {down.length, width}, item);
        }
        column += across.length;
      }
      row += down.length;
    }
  }

 private:
  /// The lengths of the rows' axes, or those of the columns'.
  Shape part(const Shape& all, bool rows) const {
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(row_axes_);
    return rows ? Shape(all.begin(), middle) : Shape(middle, all.end());
  }

  std::shared_ptr<const Source> stored_;
  Description description_;
  std::size_t row_axes_;
  Shape shape_;
};

}  // namespace

std::shared_ptr<const Source> unfolded(std::shared_ptr<const Source> stored, const Axes& rows, const Axes& columns) {
  return std::make_shared<Unfolded>(std::move(stored), rows, columns);
}

}  // namespace ruska::io::usid
