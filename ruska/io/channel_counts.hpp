// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::io {

/// One spectrum in the making: counts come by channel in any order and go as a row of sparse counts. A count costs the
/// same however many there are, a row what it holds and a look at every 64 channels.
class ChannelCounts {
 public:
  explicit ChannelCounts(std::int64_t channels)
      : counts_(static_cast<std::size_t>(channels)), used_((counts_.size() + 63) / 64) {}

  std::size_t channels() const { return counts_.size(); }

  /// `channel` is below `channels()`. False, and nothing is added, where the sum leaves 32 bits.
  bool add(std::size_t channel, std::uint32_t count) {
    std::uint32_t sum = 0;
    if (__builtin_add_overflow(counts_[channel], count, &sum)) return false;
    filled_ += sum == count && count != 0;
    counts_[channel] = sum;
    used_[channel / 64] |= std::uint64_t{count != 0} << channel % 64;
    return true;
  }

  /// Adds a single count; the caller sees to it that a row has fewer than 2^32 of them.
  void add_one(std::size_t channel) {
    filled_ += counts_[channel]++ == 0;
    used_[channel / 64] |= std::uint64_t{1} << channel % 64;
  }

  /// How many channels hold counts.
  std::size_t filled() const { return filled_; }

  /// Ends the row: writes the `filled()` channels, rising, and their counts, and starts anew. Returns the largest
  /// count, 0 for none.
  std::uint32_t move_to(std::uint32_t* channels, std::uint32_t* counts) {
    std::uint32_t largest = 0;
    filled_ = 0;
    for (std::size_t w = 0; w < used_.size(); ++w) {
      for (std::uint64_t word = std::exchange(used_[w], 0); word != 0; word &= word - 1) {
        const std::size_t channel = 64 * w + static_cast<std::size_t>(std::countr_zero(word));
        const std::uint32_t count = std::exchange(counts_[channel], 0);
        *channels++ = static_cast<std::uint32_t>(channel);
        *counts++ = count;
        largest = count > largest ? count : largest;
      }
    }
    return largest;
  }

  /// Ends the row at the end of `out`. Returns the largest count, 0 for none.
  std::uint32_t append_to(SparseCounts& out) {
    const std::size_t at = out.channel.size();
    out.channel.resize(at + filled());
    out.value.resize(out.channel.size());
    return move_to(out.channel.data() + at, out.value.data() + at);
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint64_t> used_;  // a bit for each channel with counts
  std::size_t filled_ = 0;           // how many they are
};

}  // namespace ruska::io
