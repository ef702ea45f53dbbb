// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/suspicious_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t reach = 2;
constexpr std::size_t fewest_neighbours = 5;

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<SuspiciousPixel> find_suspicious_pixels(std::span<const double> sum, std::int64_t height,
                                                    std::int64_t width, std::span<const std::uint8_t> left_out,
                                                    double significance) {
  const auto counts = [&](std::size_t pixel) { return left_out.empty() || left_out[pixel] == 0; };
  std::vector<SuspiciousPixel> found;
  std::vector<double> around;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const auto here = static_cast<std::size_t>(y * width + x);
      if (!counts(here)) continue;
      const auto visit = [&](std::int64_t distance, auto&& action) {
        for (std::int64_t i = std::max<std::int64_t>(0, y - distance); i < std::min(height, y + distance + 1); ++i) {
          for (std::int64_t j = std::max<std::int64_t>(0, x - distance); j < std::min(width, x + distance + 1); ++j) {
            const auto pixel = static_cast<std::size_t>(i * width + j);
            if (pixel != here && counts(pixel)) action(sum[pixel]);
          }
        }
      };
      bool brightest = true, darkest = true;
      visit(1, [&](double value) {
        brightest = brightest && sum[here] >= value;
        darkest = darkest && sum[here] <= value;
      });
      if (brightest == darkest) continue;  // neither, or level with all
      around.clear();
      visit(reach, [&](double value) { around.push_back(value); });
      if (around.size() < fewest_neighbours) continue;
      const auto number = static_cast<double>(around.size());
      const double expected = median(around);
      for (double& value : around) value = std::abs(value - expected);
      const double scatter = 1.4826 * median(around);
      const double counting = std::max(expected, 0.0) * (1 + std::numbers::pi / (2 * number));
      const double sigma = std::sqrt(std::max(1.0, counting + scatter * scatter));
      const double excess = (sum[here] - expected) / sigma;
      if (std::abs(excess) > significance) found.push_back({x, y, sum[here], expected, excess});
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const SuspiciousPixel& a, const SuspiciousPixel& b) {
    return std::abs(a.excess) > std::abs(b.excess);
  });
  return found;
}

}  // namespace ruska::ops::diffraction
