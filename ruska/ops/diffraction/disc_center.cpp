// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/disc_center.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::ops::diffraction {
namespace {

constexpr double window_radii = 1.2;  // C. Ophus et al., Microsc. Microanal. 28, 390 (2022)
constexpr int most_repeats = 30;
constexpr double still = 1e-4;  // px

}  // namespace

DiscFinder::DiscFinder(std::int64_t height, std::int64_t width, double radius)
    : height_(height),
      width_(width),
      half_(std::max<std::int64_t>(0, std::llround((radius - 1) / 2))),
      radius_(radius),
      blurred_(static_cast<std::size_t>(height * width)),
      scratch_(blurred_.size()) {}

void DiscFinder::blur_lines(const std::vector<double>& from, std::vector<double>& to, std::int64_t lines,
                            std::int64_t line_stride, std::int64_t length, std::int64_t stride) const {
  for (std::int64_t line = 0; line < lines; ++line) {
    const double* const in = from.data() + line * line_stride;
    double* const out = to.data() + line * line_stride;
    // Sums are formed anew now and then, so that differences of large numbers leave nothing behind.
    double sum = 0;
    for (std::int64_t i = 0; i < length; ++i) {
      if (i % 64 == 0) {
        sum = 0;
        for (std::int64_t j = std::max<std::int64_t>(0, i - half_); j <= std::min(length - 1, i + half_); ++j) {
          sum += in[j * stride];
        }
      } else {
        if (i + half_ < length) sum += in[(i + half_) * stride];
        if (i - half_ - 1 >= 0) sum -= in[(i - half_ - 1) * stride];
      }
      out[i * stride] = sum;
    }
  }
}

DiscCenter DiscFinder::find(std::span<const double> frame) {
  std::copy(frame.begin(), frame.end(), blurred_.begin());
  for (int repeat = 0; repeat < 2; ++repeat) {
    blur_lines(blurred_, scratch_, height_, width_, width_, 1);
    blur_lines(scratch_, blurred_, width_, 1, height_, width_);
  }
  const auto brightest = std::max_element(blurred_.begin(), blurred_.end());
  DiscCenter center;
  if (!(*brightest > 0)) return center;
  const std::int64_t start = brightest - blurred_.begin();
  center.at = {static_cast<double>(start % width_), static_cast<double>(start / width_)};

  const double window = window_radii * radius_;
  for (int repeat = 0; repeat < most_repeats; ++repeat) {
    const Vector c = center.at;
    if (c.x < window - 0.5 || c.y < window - 0.5 || c.x > static_cast<double>(width_) - 0.5 - window ||
        c.y > static_cast<double>(height_) - 0.5 - window) {
      return center;  // cut by the edge
    }
    const auto y_begin = std::max<std::int64_t>(0, static_cast<std::int64_t>(c.y - window - 1));
    const auto y_end = std::min(height_, static_cast<std::int64_t>(c.y + window + 2));
    const auto x_begin = std::max<std::int64_t>(0, static_cast<std::int64_t>(c.x - window - 1));
    const auto x_end = std::min(width_, static_cast<std::int64_t>(c.x + window + 2));
    double sum = 0, follow_x = 0, follow_y = 0, variance_x = 0, variance_y = 0;
    Vector moment;
    for (std::int64_t y = y_begin; y < y_end; ++y) {
      for (std::int64_t x = x_begin; x < x_end; ++x) {
        const double value = frame[static_cast<std::size_t>(y * width_ + x)];
        const double dx = static_cast<double>(x) - c.x, dy = static_cast<double>(y) - c.y;
        const double distance = std::sqrt(dx * dx + dy * dy);
        const double weight = std::clamp(window + 0.5 - distance, 0.0, 1.0);
        if (weight == 0) continue;
        sum += weight * value;
        moment = moment + Vector{weight * value * dx, weight * value * dy};
        variance_x += weight * weight * value * dx * dx;
        variance_y += weight * weight * value * dy * dy;
        if (weight < 1) {
          follow_x += value * dx * dx / distance;
          follow_y += value * dy * dy / distance;
        }
      }
    }
    if (!(sum > 0)) return center;
    const Vector step = (1 / sum) * moment;
    center.at = c + step;
    const auto amplification = [&](double follow) { return 1 / (1 - std::clamp(follow / sum, 0.0, 0.9)); };
    center.sigma = {std::sqrt(std::max(0.0, variance_x)) / sum * amplification(follow_x),
                    std::sqrt(std::max(0.0, variance_y)) / sum * amplification(follow_y)};
    if (!std::isfinite(center.at.x) || !std::isfinite(center.at.y)) return center;
    if (length(step) < still) {
      center.found = true;
      return center;
    }
  }
  center.found = true;  // it creeps on by less than a step of its first repeats; the fit over the scan judges it
  return center;
}

}  // namespace ruska::ops::diffraction
