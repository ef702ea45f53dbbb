// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/every_nth.hpp"

#include "ruska/base/error.hpp"
#include "ruska/core/rows.hpp"

namespace ruska {
namespace {

constexpr std::int64_t most_preview_positions = 4096;

std::int64_t positions_left(std::int64_t size, std::int64_t step) { return (size + step - 1) / step; }

class EveryNthSource final : public Source {
 public:
  EveryNthSource(Dataset data, std::int64_t step)
      : data_(std::move(data)), step_(step), description_(data_.describe()) {
    for (Axis& axis : description_.axes) {
      if (axis.role != Role::navigation) continue;
      std::vector<double> kept;
      for (std::size_t i = 0; i < axis.values.size(); i += static_cast<std::size_t>(step)) {
        kept.push_back(axis.values[i]);
      }
      axis.values = std::move(kept);
      axis.size = positions_left(axis.size, step);
      axis.scale *= static_cast<double>(step);
    }
    description_.chunk.clear();
  }
  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return data_.source().buffered(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    const std::size_t navigation = description_.navigation_shape().size();
    Region position = region;
    std::int64_t number = 1;
    for (std::size_t a = 0; a < navigation; ++a) {
      number *= region.shape[a];
      position.shape[a] = 1;
    }
    if (number == 0) return;
    const std::size_t bytes = out.size() / static_cast<std::size_t>(number);
    for (std::int64_t p = 0; p < number; ++p) {
      std::int64_t rest = p;
      for (std::size_t a = navigation; a-- > 0;) {
        position.start[a] = (region.start[a] + rest % region.shape[a]) * step_;
        rest /= region.shape[a];
      }
      data_.source().read(position, out.subspan(static_cast<std::size_t>(p) * bytes, bytes));
    }
  }

  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    SparseCounts all;
    const Shape few = description_.navigation_shape(), whole = data_.describe().navigation_shape();
    for (std::int64_t p = begin; p < end; ++p) {
      std::int64_t rest = p, original = 0, stride = 1;
      for (std::size_t a = few.size(); a-- > 0;) {
        original += rest % few[a] * step_ * stride;
        rest /= few[a];
        stride *= whole[a];
      }
      const SparseCounts one = data_.source().read_counts(original, original + 1);
      all.channel.insert(all.channel.end(), one.channel.begin(), one.channel.end());
      all.value.insert(all.value.end(), one.value.begin(), one.value.end());
      all.row_start.push_back(all.nonzeros());
    }
    return all;
  }

 private:
  Dataset data_;
  std::int64_t step_;
  Description description_;
};

}  // namespace

Dataset every_nth_position(const Dataset& data, std::int64_t step) {
  if (step < 1) throw Error(ErrorKind::invalid_argument, "a step of " + std::to_string(step) + " leaves no position");
  if (data.describe().navigation_shape().empty()) {
    throw Error(ErrorKind::invalid_argument, "'" + data.describe().title + "' has no navigation axis to step along");
  }
  return Dataset(std::make_shared<EveryNthSource>(data, step), data.origin());
}

std::int64_t preview_step(const Description& data) {
  for (std::int64_t step = 1;; ++step) {
    std::int64_t positions = 1;
    for (const std::int64_t size : data.navigation_shape()) positions *= positions_left(size, step);
    if (positions <= most_preview_positions) return step;
  }
}

}  // namespace ruska
