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

  /// Ends the row: appends channels and counts to `out` and starts anew. Returns the largest count, 0 for none.
  std::uint32_t append_to(SparseCounts& out) {
    std::size_t at = out.channel.size();
    out.channel.resize(at + filled_);
    out.value.resize(at + filled_);
    filled_ = 0;
    std::uint32_t largest = 0;
    for (std::size_t w = 0; w < used_.size(); ++w) {
      for (std::uint64_t word = std::exchange(used_[w], 0); word != 0; word &= word - 1) {
        const std::size_t channel = 64 * w + static_cast<std::size_t>(std::countr_zero(word));
        const std::uint32_t count = std::exchange(counts_[channel], 0);
        out.channel[at] = static_cast<std::uint32_t>(channel);
        out.value[at++] = count;
        largest = count > largest ? count : largest;
      }
    }
    return largest;
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint64_t> used_;  // a bit for each channel with counts
  std::size_t filled_ = 0;           // how many they are
};

}  // namespace ruska::io
