// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/aligned_mean.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/core/executor.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/frames.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t leaves_in_flight = 6;

/// Adds `from` moved by −shift: sum[k] += from(k + shift).
void add_moved(std::span<const double> from, std::int64_t height, std::int64_t width, Vector shift, double* sum) {
  const double floor_x = std::floor(shift.x), floor_y = std::floor(shift.y);
  const double fx = shift.x - floor_x, fy = shift.y - floor_y;
  const auto move_x = static_cast<std::int64_t>(floor_x), move_y = static_cast<std::int64_t>(floor_y);
  for (int part = 0; part < 4; ++part) {
    const std::int64_t dx = move_x + part % 2, dy = move_y + part / 2;
    const double weight = (part % 2 == 0 ? 1 - fx : fx) * (part / 2 == 0 ? 1 - fy : fy);
    if (weight == 0) continue;
    const std::int64_t x_begin = std::max<std::int64_t>(0, -dx), x_end = std::min(width, width - dx);
    for (std::int64_t y = std::max<std::int64_t>(0, -dy); y < std::min(height, height - dy); ++y) {
      const double* const in = from.data() + (y + dy) * width + dx;
      double* const out = sum + y * width;
      for (std::int64_t x = x_begin; x < x_end; ++x) out[x] += weight * in[x];
    }
  }
}

}  // namespace

AlignedMean aligned_mean(const Dataset& data, const Calibration& calibration, const std::vector<std::uint8_t>& left_out,
                         Context& context) {
  const Description& description = data.describe();
  const Shape frame = description.signal_shape(), scan = description.navigation_shape();
  const auto pixels = static_cast<std::size_t>(description.signal_size());
  AlignedMean result;
  result.center = {0.5 * static_cast<double>(frame[1] - 1), 0.5 * static_cast<double>(frame[0] - 1)};
  if (calibration.origin) result.center = calibration.origin->mean();
  std::vector<double> good(pixels, 1.0);
  for (std::size_t p = 0; p < left_out.size(); ++p) good[p] = left_out[p] == 0 ? 1.0 : 0.0;

  const auto sums = Executor(context).reduce<std::vector<double>>(
      "adding patterns", partitions_of(description), [&] { return std::vector<double>(2 * pixels); },
      [&](std::vector<double>& sum, std::int64_t, RowRange range) {
        std::vector<double> kept(pixels);
        for_each_frame(data, range, false, left_out, [&](std::int64_t position, std::span<const double> values) {
          Vector shift;
          if (calibration.origin) shift = calibration.origin->at_position(position, scan) - result.center;
          for (std::size_t p = 0; p < pixels; ++p) kept[p] = good[p] != 0 ? values[p] : 0.0;
          add_moved(kept, frame[0], frame[1], shift, sum.data());
          add_moved(good, frame[0], frame[1], shift, sum.data() + pixels);
        });
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t p = 0; p < left.size(); ++p) left[p] += right[p];
      });
  result.pattern.assign(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(pixels));
  result.coverage.assign(sums.begin() + static_cast<std::ptrdiff_t>(pixels), sums.end());
  for (std::size_t p = 0; p < pixels; ++p) {
    // A pixel that interpolation reaches with a sliver of one pattern alone would only carry noise.
    result.pattern[p] = result.coverage[p] > 0.5 ? result.pattern[p] / result.coverage[p] : 0.0;
  }
  return result;
}

AlignedMeanMemory aligned_mean_memory(const Description& data) {
  const std::int64_t pixels = data.signal_size();
  return {(2 * leaves_in_flight + 6) * 8 * pixels, frame_bytes_held(data) + 3 * 8 * pixels};
}

}  // namespace ruska::ops::diffraction
