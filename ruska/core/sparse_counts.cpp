// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ruska/core/source.hpp"

namespace ruska {

std::int64_t SparseCounts::bytes() const {
  return static_cast<std::int64_t>(row_start.size() * sizeof(std::int64_t) +
                                   (channel.size() + value.size()) * sizeof(std::uint32_t));
}

SparseCounts Source::read_counts(std::int64_t, std::int64_t) const {
  throw Error(ErrorKind::unsupported, "'" + describe().title + "' does not hold sparse counts");
}

void fill_from_counts(const Description& description, const Region& region, std::span<std::byte> out,
                      const std::function<SparseCounts(std::int64_t, std::int64_t)>& read_counts) {
  std::fill(out.begin(), out.end(), std::byte{0});
  const std::size_t navigation = description.navigation_shape().size();
  const Shape signal = description.signal_shape();
  const std::size_t item = size_of(description.dtype);
  if (region.count() == 0) return;

  // Walk the navigation positions of the region; runs along the fastest navigation axis are read at once.
  const Shape shape = description.shape();
  Shape index(region.start.begin(), region.start.begin() + static_cast<std::ptrdiff_t>(navigation));
  const std::int64_t run = navigation == 0 ? 1 : region.shape[navigation - 1];
  const Shape signal_start(region.start.begin() + static_cast<std::ptrdiff_t>(navigation), region.start.end());
  const Shape signal_box(region.shape.begin() + static_cast<std::ptrdiff_t>(navigation), region.shape.end());
  const std::int64_t box = count(signal_box);
  std::int64_t row_out = 0;
  for (;;) {
    std::int64_t position = 0;
    for (std::size_t a = 0; a < navigation; ++a) position = position * shape[a] + index[a];
    const SparseCounts counts = read_counts(position, position + run);
    for (std::int64_t r = 0; r < run; ++r, ++row_out) {
      const auto begin = static_cast<std::size_t>(counts.row_start[static_cast<std::size_t>(r)]);
      const auto end = static_cast<std::size_t>(counts.row_start[static_cast<std::size_t>(r) + 1]);
      for (std::size_t i = begin; i < end; ++i) {
        std::int64_t place = 0, rest = counts.channel[i];
        std::int64_t stride = 1;
        bool inside = true;
        for (std::size_t a = signal.size(); a-- > 0;) {
          const std::int64_t at = rest % signal[a] - signal_start[a];
          rest /= signal[a];
          inside = inside && at >= 0 && at < signal_box[a];
          place += at * stride;
          stride *= signal_box[a];
        }
        if (!inside) continue;
        std::byte* target = out.data() + static_cast<std::size_t>(row_out * box + place) * item;
        visit_dtype(description.dtype, [&]<class T>() {
          const T value = static_cast<T>(counts.value[i]);
          std::copy_n(reinterpret_cast<const std::byte*>(&value), sizeof(T), target);
        });
      }
    }
    if (navigation < 2) return;
    std::size_t a = navigation - 1;
    for (;;) {
      if (a == 0) return;
      --a;
      if (++index[a] < region.start[a] + region.shape[a]) break;
      index[a] = region.start[a];
      if (a == 0) return;
    }
  }
}

}  // namespace ruska
