// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/base/error.hpp"
#include "ruska/io/channel_counts.hpp"

namespace ruska::io {

/// Throws unsupported where a count does not fit the described dtype.
inline void check_fits(std::uint32_t count, const Description& description) {
  const std::uint64_t largest = (std::uint64_t{1} << (8 * size_of(description.dtype) - 1)) * 2 - 1;
  if (count <= largest) return;
  throw Error(ErrorKind::unsupported, "'" + description.title + "': " + std::to_string(count) +
                                          " counts in one channel do not fit the " +
                                          std::string(name_of(description.dtype)) + " that holds them");
}

[[noreturn, gnu::cold]] inline void refuse_event(std::size_t channel, const ChannelCounts& row,
                                                 const Description& description) {
  throw Error(ErrorKind::bad_data,
              "'" + description.title + "': " +
                  (channel < row.channels() ? "more than 2^32 events in one channel of one pixel"
                                            : "an event in channel " + std::to_string(channel) + ", where there are " +
                                                  std::to_string(row.channels())));
}

/// Adds one event to a row. Throws bad_data for a channel that the description does not have, or a sum beyond 32 bits.
inline void add_event(ChannelCounts& row, std::uint16_t channel, const Description& description) {
  if (channel >= row.channels() || !row.add(channel, 1)) [[unlikely]]
    refuse_event(channel, row, description);
}

/// Sums single events into counts. `for_each_event(event)` calls `event(pixel, channel)` for every one, with pixels in
/// [0, pixels) and channels of 16 bits; it is called twice and must do the same each time. Memory: two bytes per event,
/// eight per pixel. Throws bad_data for channels that the description does not have, unsupported where a count does not
/// fit its dtype.
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
  ChannelCounts row(description.signal_size());
  for (std::size_t p = 0; p < static_cast<std::size_t>(pixels); ++p) {
    for (std::int64_t i = event_start[p]; i < event_start[p + 1]; ++i) {
      add_event(row, events[static_cast<std::size_t>(i)], description);
    }
    check_fits(row.append_to(counts), description);
    counts.row_start[p + 1] = counts.nonzeros();
  }
  return counts;
}

}  // namespace ruska::io
