// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/bright_disc.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ruska/base/error.hpp"

namespace ruska::ops::diffraction {

BrightDisc find_bright_disc(std::span<const double> pattern, std::int64_t height, std::int64_t width,
                            std::span<const std::uint8_t> left_out) {
  std::vector<double> smooth(pattern.size());
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      double around[9];
      std::size_t number = 0;
      for (std::int64_t i = std::max<std::int64_t>(0, y - 1); i < std::min(height, y + 2); ++i) {
        for (std::int64_t j = std::max<std::int64_t>(0, x - 1); j < std::min(width, x + 2); ++j) {
          const auto pixel = static_cast<std::size_t>(i * width + j);
          around[number++] = left_out.empty() || left_out[pixel] == 0 ? pattern[pixel] : 0.0;
        }
      }
      std::nth_element(around, around + number / 2, around + number);
      smooth[static_cast<std::size_t>(y * width + x)] = around[number / 2];
    }
  }
  const double brightest = *std::max_element(smooth.begin(), smooth.end());
  if (!(brightest > 0)) {
    throw Error(ErrorKind::bad_data,
                "no bright disc shows in the frames looked at, whose mean pattern is nowhere above zero; give "
                "--center_x, --center_y and --detectors");
  }
  constexpr int thresholds = 100;
  std::vector<double> radius(thresholds), step(thresholds - 1);
  const auto threshold = [&](int i) { return brightest * (i + 0.5) / thresholds; };
  for (int i = 0; i < thresholds; ++i) {
    const auto area = std::count_if(smooth.begin(), smooth.end(), [&](double v) { return v > threshold(i); });
    radius[static_cast<std::size_t>(i)] = std::sqrt(static_cast<double>(area) / std::numbers::pi);
  }
  for (std::size_t i = 0; i < step.size(); ++i) step[i] = std::abs(radius[i + 1] - radius[i]);
  std::vector<double> sorted = step;
  std::nth_element(sorted.begin(), sorted.begin() + thresholds / 2, sorted.end());
  const double most = 2 * sorted[thresholds / 2];
  double levels = 0, number = 0;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] > most) continue;
    levels += threshold(static_cast<int>(i));
    number += 1;
  }
  // What hangs together with the brightest pixel above that level: other discs do not count.
  const double level = std::min(levels / number, threshold(thresholds - 1));
  const auto start = std::max_element(smooth.begin(), smooth.end()) - smooth.begin();
  std::vector<std::int64_t> waiting{start};
  smooth[static_cast<std::size_t>(start)] = 0;
  double sum = 0, x_sum = 0, y_sum = 0;
  while (!waiting.empty()) {
    const std::int64_t pixel = waiting.back();
    waiting.pop_back();
    const std::int64_t x = pixel % width, y = pixel / width;
    sum += 1;
    x_sum += static_cast<double>(x);
    y_sum += static_cast<double>(y);
    const auto visit = [&](bool exists, std::int64_t neighbour) {
      if (!exists || !(smooth[static_cast<std::size_t>(neighbour)] > level)) return;
      smooth[static_cast<std::size_t>(neighbour)] = 0;
      waiting.push_back(neighbour);
    };
    visit(x > 0, pixel - 1);
    visit(x + 1 < width, pixel + 1);
    visit(y > 0, pixel - width);
    visit(y + 1 < height, pixel + width);
  }
  return {std::round(x_sum / sum), std::round(y_sum / sum), std::sqrt(sum / std::numbers::pi)};
}

}  // namespace ruska::ops::diffraction
