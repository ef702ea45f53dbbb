// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "ruska/core/dataset.hpp"
#include "ruska/core/executor.hpp"

namespace ruska::ops::eels {

/// The spectra of several data sets at one position, in the order in which the data sets were given.
using Spectra = std::span<const std::span<const double>>;

/// Spectra over one signal axis that are computed, one position at a time, from the spectra that other data sets hold
/// at that position, whenever they are read.
class SpectrumwiseSource final : public Source {
 public:
  /// Fills `out` with the channels [channels.begin, channels.end) of the result at a position (C order).
  using Compute = std::function<void(std::int64_t position, Spectra spectra, RowRange channels, std::span<double> out)>;

  /// `data`: one or more, each with one signal axis, read whole along it; their navigation axes are those of
  /// `description`, or they have none and serve every position. `description` is that of the result, float32 or
  /// float64. `make_compute` gives a function with the working memory of one thread.
  SpectrumwiseSource(std::vector<Dataset> data, Description description, std::function<Compute()> make_compute);

  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override;
  std::int64_t buffered() const override;

 private:
  std::vector<Dataset> data_;
  Description description_;
  std::function<Compute()> make_compute_;
};

/// The description of such a result: that of `data` with another signal axis, in float64 where the data are, else
/// float32.
Description computed_spectra(const Description& data, std::string title, std::int64_t channels, double offset);

}  // namespace ruska::ops::eels
