// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::io {

/// Sums single events into counts. `for_each_event(event)` calls `event(pixel, channel)` for every one, with pixels in
/// [0, pixels) and channels of 16 bits; it is called twice and must do the same each time. Memory: two bytes per event,
/// eight per pixel. Throws unsupported where a count does not fit the described dtype.
template <class ForEachEvent>
SparseCounts counts_of_events(const Description& description, std::int64_t pixels, const ForEachEvent& for_each_event) {
  // Events sorted by pixel by counting, then each pixel's channels.
  std::vector<std::int64_t> event_start(static_cast<std::size_t>(pixels) + 1, 0);
  for_each_event([&](std::int64_t pixel, std::uint16_t) { ++event_start[static_cast<std::size_t>(pixel) + 1]; });
  for (std::size_t p = 0; p < static_cast<std::size_t>(pixels); ++p) event_start[p + 1] += event_start[p];
  std::vector<std::uint16_t> events(static_cast<std::size_t>(event_start.back()));
  std::vector<std::int64_t> next(event_start.begin(), event_start.end() - 1);
  for_each_event([&](std::int64_t pixel, std::uint16_t channel) {
    events[static_cast<std::size_t>(next[static_cast<std::size_t>(pixel)]++)] = channel;
  });

  SparseCounts counts;
  counts.row_start.assign(static_cast<std::size_t>(pixels) + 1, 0);
  const std::uint64_t largest = (std::uint64_t{1} << (8 * size_of(description.dtype) - 1)) * 2 - 1;
  for (std::size_t p = 0; p < static_cast<std::size_t>(pixels); ++p) {
    const auto from = events.begin() + event_start[p], to = events.begin() + event_start[p + 1];
    std::sort(from, to);
    for (auto at = from; at != to;) {
      const auto run_end = std::upper_bound(at, to, *at);
      const auto number = static_cast<std::uint64_t>(run_end - at);
      if (number > largest) {
        throw Error(ErrorKind::unsupported, "'" + description.title + "': " + std::to_string(number) +
                                                " counts in one channel do not fit the " +
                                                std::string(name_of(description.dtype)) + " that holds them");
      }
      counts.channel.push_back(*at);
      counts.value.push_back(static_cast<std::uint32_t>(number));
      at = run_end;
    }
    counts.row_start[p + 1] = counts.nonzeros();
  }
  return counts;
}

}  // namespace ruska::io
