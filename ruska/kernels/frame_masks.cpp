// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/frame_masks.hpp"

#include <string>

#include "ruska/base/error.hpp"

namespace ruska::kernels {

FrameMasks::FrameMasks(std::int64_t height, std::int64_t width, std::span<const std::uint8_t> left_out,
                       std::span<const std::vector<std::uint8_t>> detectors)
    : height_(height), width_(width) {
  const auto pixels = static_cast<std::size_t>(height * width);
  const auto check = [&](std::size_t size) {
    if (size == pixels) return;
    throw Error(ErrorKind::invalid_argument, "a mask has " + std::to_string(size) + " pixels, and the frames " +
                                                 std::to_string(height) + " x " + std::to_string(width));
  };
  if (!left_out.empty()) check(left_out.size());
  sets_.resize(1 + detectors.size());
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    Set& set = sets_[s];
    if (s > 0) check(detectors[s - 1].size());
    set.bytes.resize(pixels);
    for (std::size_t p = 0; p < pixels; ++p) {
      const bool counted = left_out.empty() || left_out[p] == 0;
      all_counted_ = all_counted_ && counted;
      set.bytes[p] = counted && (s == 0 || detectors[s - 1][p] != 0) ? 1 : 0;
    }
    set.row_start.push_back(0);
    set.pixels.push_back(0);
    for (std::int64_t y = 0; y < height; ++y) {
      const std::uint8_t* row = set.bytes.data() + y * width;
      std::int64_t number = 0;
      for (std::int64_t x = 0; x < width; ++x) {
        if (row[x] == 0) continue;
        ++number;
        if (x == 0 || row[x - 1] == 0) {
          set.runs.push_back({static_cast<std::int32_t>(x), static_cast<std::int32_t>(x)});
        }
        set.runs.back().end = static_cast<std::int32_t>(x + 1);
      }
      set.row_start.push_back(static_cast<std::int64_t>(set.runs.size()));
      set.pixels.push_back(set.pixels.back() + number);
    }
  }
  x_.push_back(0);
  y_.push_back(0);
  for (std::int64_t y = 0; y < height; ++y) {
    std::int64_t x_sum = 0;
    for (const Run& run : runs(0, y)) {
      x_sum += (std::int64_t{run.begin} + run.end - 1) * (std::int64_t{run.end} - run.begin) / 2;
    }
    x_.push_back(x_.back() + x_sum);
    y_.push_back(y_.back() + y * (pixels_before(0, y + 1) - pixels_before(0, y)));
  }
}

std::int64_t FrameMasks::bytes_held() const {
  std::size_t bytes = (x_.capacity() + y_.capacity()) * sizeof(std::int64_t);
  for (const Set& set : sets_) {
    bytes += set.bytes.capacity() + set.runs.capacity() * sizeof(Run) +
             (set.row_start.capacity() + set.pixels.capacity()) * sizeof(std::int64_t);
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace ruska::kernels
