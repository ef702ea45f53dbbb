// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "ruska/core/rows.hpp"

namespace ruska::ops::eels {

/// The spectra of a block one at a time, with their zeros. One object per worker and block.
class SpectrumRows {
 public:
  SpectrumRows(const RowBlock& block, std::int64_t channels) : block_(block), channels_(channels) {
    if (block.sparse) spectrum_.resize(static_cast<std::size_t>(channels));
  }

  /// The spectrum of a row, counted within the block; valid until the next call.
  std::span<const double> at(std::int64_t row) {
    const auto channels = static_cast<std::size_t>(channels_);
    if (!block_.sparse) return {block_.dense.data() + static_cast<std::size_t>(row) * channels, channels};
    std::fill(spectrum_.begin(), spectrum_.end(), 0.0);
    const auto end = static_cast<std::size_t>(block_.row_start[static_cast<std::size_t>(row) + 1]);
    for (auto i = static_cast<std::size_t>(block_.row_start[static_cast<std::size_t>(row)]); i < end; ++i) {
      spectrum_[block_.channel[i]] = static_cast<double>(block_.value[i]);
    }
    return spectrum_;
  }

 private:
  const RowBlock& block_;
  std::int64_t channels_;
  std::vector<double> spectrum_;
};

}  // namespace ruska::ops::eels
