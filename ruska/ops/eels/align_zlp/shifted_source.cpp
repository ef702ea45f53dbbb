// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/align_zlp/shifted_source.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace ruska::ops::eels {

ShiftedSource::ShiftedSource(Dataset data, std::vector<double> shifts, bool nearest, std::int64_t first,
                             std::int64_t channels, double axis_offset)
    : data_(std::move(data)), shifts_(std::move(shifts)), nearest_(nearest), first_(first) {
  if (nearest_) {
    for (double& shift : shifts_) shift = std::round(shift);
  }
  if (!shifts_.empty()) {
    const auto [low, high] = std::minmax_element(shifts_.begin(), shifts_.end());
    least_ = *low;
    most_ = *high;
  }
  description_ = data_.describe();
  description_.dtype = description_.dtype == DType::float64 ? DType::float64 : DType::float32;
  description_.sparse = false;
  description_.lazy = true;
  description_.chunk.clear();
  description_.axes.back().size = channels;
  description_.axes.back().offset = axis_offset;
}

void ShiftedSource::read(const Region& region, std::span<std::byte> out) const {
  check_region(region, description_, out.size());
  if (region.count() == 0) return;
  const std::size_t rank = region.shape.size();
  // Large regions in two halves along their first axis, so that little is held in double precision at a time.
  constexpr std::int64_t most = 1 << 18;
  for (std::size_t axis = 0; axis + 1 < rank && region.count() > most; ++axis) {
    if (region.shape[axis] == 1) continue;
    Region first = region, second = region;
    first.shape[axis] /= 2;
    second.start[axis] += first.shape[axis];
    second.shape[axis] -= first.shape[axis];
    const std::size_t split = static_cast<std::size_t>(first.count()) * size_of(description_.dtype);
    read(first, out.first(split));
    read(second, out.subspan(split));
    return;
  }
  const std::int64_t size = data_.describe().axes.back().size;
  // The channels of the data that any shift can ask for.
  Region wanted = region;
  const std::int64_t from = region.start.back() + first_;
  wanted.start.back() = std::clamp<std::int64_t>(from + static_cast<std::int64_t>(std::floor(least_)), 0, size - 1);
  const std::int64_t to = from + region.shape.back() + static_cast<std::int64_t>(std::ceil(most_)) + 1;
  wanted.shape.back() = std::clamp<std::int64_t>(to, wanted.start.back() + 1, size) - wanted.start.back();
  const std::vector<double> values = data_.read_as_double(wanted);

  const std::int64_t channels = region.shape.back(), read = wanted.shape.back();
  const std::int64_t rows = region.count() / channels;
  const Shape navigation = description_.navigation_shape();
  Shape index(rank - 1, 0);
  visit_dtype(description_.dtype, [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>) {
      std::vector<T> row(static_cast<std::size_t>(channels));
      for (std::int64_t r = 0; r < rows; ++r) {
        std::int64_t position = 0;
        for (std::size_t a = 0; a + 1 < rank; ++a) position = position * navigation[a] + region.start[a] + index[a];
        const double shift = shifts_[static_cast<std::size_t>(position)];
        const auto whole = static_cast<std::int64_t>(std::floor(shift));
        const double share = shift - static_cast<double>(whole);
        const double* const spectrum = values.data() + r * read;
        for (std::int64_t c = 0; c < channels; ++c) {
          const std::int64_t below = from + c + whole - wanted.start.back();
          const double left = spectrum[std::clamp<std::int64_t>(below, 0, read - 1)];
          const double right = spectrum[std::clamp<std::int64_t>(below + 1, 0, read - 1)];
          row[static_cast<std::size_t>(c)] = static_cast<T>(share == 0.0 ? left : (1.0 - share) * left + share * right);
        }
        std::memcpy(out.data() + static_cast<std::size_t>(r * channels) * sizeof(T), row.data(),
                    row.size() * sizeof(T));
        for (std::size_t a = rank - 1; a-- > 0;) {
          if (++index[a] < region.shape[a]) break;
          index[a] = 0;
        }
      }
    }
  });
}

}  // namespace ruska::ops::eels
