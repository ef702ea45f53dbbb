// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska::ops::eels {

/// Spectra moved along their only signal axis, each by its own fraction of channels, computed when they are read:
/// out[p, c] = in[p, c + first + shift_p], straight between channels or that of the nearest.
class ShiftedSource final : public Source {
 public:
  /// `shifts`: channels, one per navigation position; `first` + shift and the last channel must lie within the data.
  /// `axis_offset`: coordinate of the first channel that is kept, in the axis' units.
  ShiftedSource(Dataset data, std::vector<double> shifts, bool nearest, std::int64_t first, std::int64_t channels,
                double axis_offset);

  const Description& describe() const override { return description_; }
  /// float64 where the data are, else float32.
  void read(const Region& region, std::span<std::byte> out) const override;

 private:
  Dataset data_;
  std::vector<double> shifts_;
  bool nearest_;
  std::int64_t first_;
  double least_ = 0, most_ = 0;  // shifts
  Description description_;
};

}  // namespace ruska::ops::eels
