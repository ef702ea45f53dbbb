// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ruska::kernels {

/// Which pixels of a frame are counted, and which of these each binary detector collects, in the forms that the inner
/// loops want: bytes, runs along rows, and running sums over rows.
class FrameMasks {
 public:
  struct Run {
    std::int32_t begin, end;  ///< columns [begin, end)
  };

  /// `left_out` (empty for none) and each detector hold height · width bytes, nonzero for yes. A pixel that is left out
  /// belongs to no detector. Throws invalid_argument for other sizes.
  FrameMasks(std::int64_t height, std::int64_t width, std::span<const std::uint8_t> left_out,
             std::span<const std::vector<std::uint8_t>> detectors);

  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  std::int64_t detectors() const { return static_cast<std::int64_t>(sets_.size()) - 1; }
  /// Sums that are formed of each frame: Σ I, Σ I·x, Σ I·y over the counted pixels, then Σ I over each detector.
  std::int64_t sums() const { return 3 + detectors(); }
  bool all_counted() const { return all_counted_; }

  // Set 0 holds the counted pixels, set 1 + d those of detector d.
  /// height · width bytes, 0 or 1.
  const std::uint8_t* bytes(std::int64_t set) const { return at(set).bytes.data(); }
  std::span<const Run> runs(std::int64_t set, std::int64_t row) const {
    const Set& one = at(set);
    const auto begin = static_cast<std::size_t>(one.row_start[static_cast<std::size_t>(row)]);
    const auto end = static_cast<std::size_t>(one.row_start[static_cast<std::size_t>(row) + 1]);
    return {one.runs.data() + begin, end - begin};
  }
  /// Pixels of a set in the rows [0, row).
  std::int64_t pixels_before(std::int64_t set, std::int64_t row) const {
    return at(set).pixels[static_cast<std::size_t>(row)];
  }
  /// Σ x and Σ y over the counted pixels in the rows [0, row).
  std::int64_t x_before(std::int64_t row) const { return x_[static_cast<std::size_t>(row)]; }
  std::int64_t y_before(std::int64_t row) const { return y_[static_cast<std::size_t>(row)]; }

  std::int64_t bytes_held() const;

 private:
  struct Set {
    std::vector<std::uint8_t> bytes;
    std::vector<Run> runs;
    std::vector<std::int64_t> row_start, pixels;
  };
  const Set& at(std::int64_t set) const { return sets_[static_cast<std::size_t>(set)]; }

  std::int64_t height_, width_;
  bool all_counted_ = true;
  std::vector<Set> sets_;
  std::vector<std::int64_t> x_, y_;
};

}  // namespace ruska::kernels
