// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/ring_profile.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::ops::diffraction {
namespace {

constexpr double smoothing = 1.5;   // px
constexpr double rise = 0.02;       // behind a valley, as a share of its depth
constexpr double noise_rise = 4;    // and at least, in standard deviations
constexpr double steepening = 0.2;  // of a flank, as a share of what it had lost in steepness, and of its steepest

}  // namespace

RingProfile ring_profile(const AlignedMean& pattern, std::int64_t height, std::int64_t width, Vector center,
                         const Matrix& undistorted, double step) {
  const double reach = std::min(
      {center.x, center.y, static_cast<double>(width - 1) - center.x, static_cast<double>(height - 1) - center.y});
  RingProfile profile;
  profile.step = step;
  const auto bins = static_cast<std::size_t>(std::max(0.0, std::floor(reach / step))) + 1;
  std::vector<double> sum(bins), squares(bins);
  profile.weight.resize(bins);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const auto pixel = static_cast<std::size_t>(y * width + x);
      if (!(pattern.coverage[pixel] > 0.5)) continue;
      const double radius =
          length(undistorted * Vector{static_cast<double>(x) - center.x, static_cast<double>(y) - center.y}) / step;
      const double value = pattern.pattern[pixel], low = std::floor(radius);
      for (int side = 0; side < 2; ++side) {
        const double share = side == 0 ? 1 - (radius - low) : radius - low;
        const double at = low + side;
        if (!(at < static_cast<double>(bins)) || share == 0) continue;
        const auto bin = static_cast<std::size_t>(at);
        profile.weight[bin] += share;
        sum[bin] += share * value;
        squares[bin] += share * value * value;
      }
    }
  }
  profile.mean.resize(bins);
  profile.sigma.resize(bins);
  for (std::size_t b = 0; b < bins; ++b) {
    const double weight = profile.weight[b];
    if (!(weight > 0)) continue;
    profile.mean[b] = sum[b] / weight;
    const double variance = std::max(0.0, squares[b] / weight - profile.mean[b] * profile.mean[b]);
    profile.sigma[b] = std::sqrt(variance / std::max(1.0, weight - 1));
  }
  return profile;
}

std::vector<RingPeak> ring_peaks(const RingProfile& profile, double from) {
  const auto bins = static_cast<std::int64_t>(profile.mean.size());
  const auto reach = static_cast<std::int64_t>(std::ceil(3 * smoothing / profile.step));
  std::vector<double> smooth(profile.mean.size()), sigma(profile.mean.size());
  for (std::int64_t b = 0; b < bins; ++b) {
    double sum = 0, weight = 0, variance = 0;
    for (std::int64_t i = std::max<std::int64_t>(0, b - reach); i <= std::min(bins - 1, b + reach); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (!(profile.weight[at] > 0)) continue;
      const double off = static_cast<double>(i - b) * profile.step / smoothing, kernel = std::exp(-0.5 * off * off);
      sum += kernel * profile.mean[at];
      variance += kernel * kernel * profile.sigma[at] * profile.sigma[at];
      weight += kernel;
    }
    smooth[static_cast<std::size_t>(b)] = weight > 0 ? sum / weight : 0;
    sigma[static_cast<std::size_t>(b)] = weight > 0 ? std::sqrt(variance) / weight : 0;
  }
  std::vector<RingPeak> peaks;
  const auto first = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(from / profile.step)));
  const auto value = [&](std::int64_t b) { return smooth[static_cast<std::size_t>(b)]; };
  for (std::int64_t b = first; b + 1 < bins; ++b) {
    if (!(value(b) > value(b - 1) && value(b) >= value(b + 1))) continue;
    const auto noise = [&](std::int64_t i, std::int64_t k) {
      return noise_rise * std::hypot(sigma[static_cast<std::size_t>(i)], sigma[static_cast<std::size_t>(k)]);
    };
    // Downhill on either side.
    const auto valley = [&](std::int64_t direction) {
      std::int64_t lowest = b, gentlest = b;
      double steepest = 0, gentle = 0;  // slopes downhill, per bin
      bool past_steepest = false;
      for (std::int64_t i = b + direction; i >= first && i < bins; i += direction) {
        if (value(i) > value(b)) break;
        const double slope = value(i - direction) - value(i);
        if (value(i) < value(lowest)) lowest = i;
        if (value(i) > value(lowest) + std::max(rise * (value(b) - value(lowest)), noise(i, lowest))) break;
        if (slope > steepest && !past_steepest) {
          steepest = gentle = slope;
          gentlest = i;
        } else if (slope < gentle) {
          gentle = slope;
          gentlest = i;
          past_steepest = past_steepest || slope < (1 - steepening) * steepest;
        } else if (past_steepest && gentle > 0 &&
                   slope > gentle + std::max(steepening * (steepest - gentle), noise(i, i - direction) / 2) &&
                   value(gentlest) - value(i) > noise(i, gentlest)) {
          return gentlest;  // the flank of another ring
        }
      }
      return lowest;
    };
    const std::int64_t left = valley(-1), right = valley(1);
    const double prominence = value(b) - std::max(value(left), value(right));
    if (!(prominence > 0)) continue;
    peaks.push_back({profile.step * static_cast<double>(b), profile.step * static_cast<double>(left),
                     profile.step * static_cast<double>(right), prominence,
                     noise(b, value(left) > value(right) ? left : right) / noise_rise});
  }
  std::stable_sort(peaks.begin(), peaks.end(), [](const RingPeak& a, const RingPeak& b) {
    return a.prominence * std::sqrt(a.radius) > b.prominence * std::sqrt(b.radius);
  });
  return peaks;
}

}  // namespace ruska::ops::diffraction
