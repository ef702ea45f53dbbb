// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/zero_loss.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

namespace ruska::ops::eels {

namespace {

constexpr double rise = 0.1;  // of the maximum

// Counts at a fractional channel, straight between channels; none beside the axis.
double between(std::span<const double> spectrum, double channel) {
  if (!(channel >= 0) || channel > static_cast<double>(spectrum.size() - 1)) return 0.0;
  const auto below = std::min(static_cast<std::size_t>(channel), spectrum.size() - 2);
  const double share = channel - static_cast<double>(below);
  return (1.0 - share) * spectrum[below] + share * spectrum[below + 1];
}

}  // namespace

ZeroLoss find_zero_loss(std::span<const double> spectrum) {
  ZeroLoss zero;
  const auto size = static_cast<std::int64_t>(spectrum.size());
  if (size < 3) return zero;
  const auto at = [&](std::int64_t channel) { return spectrum[static_cast<std::size_t>(channel)]; };
  const double highest = *std::max_element(spectrum.begin(), spectrum.end());
  if (!(highest > 0)) return zero;
  std::int64_t channel = 0;
  while (at(channel) < rise * highest) ++channel;
  zero.top = channel;
  for (; channel < size && at(channel) > 0.5 * at(zero.top); ++channel) {
    if (at(channel) > at(zero.top)) zero.top = channel;
  }
  if (zero.top == 0 || zero.top == size - 1) return zero;  // cut off by the end of the axis

  std::int64_t first = zero.top, last = zero.top;
  while (first > 0 && at(first - 1) > 0.5 * at(zero.top)) --first;
  while (last + 1 < size && at(last + 1) > 0.5 * at(zero.top)) ++last;
  first = std::min(first, zero.top - 1);
  last = std::max(last, zero.top + 1);

  // ln y = a + b u + c u² with u counted from the top, variance of ln y = 1 / y.
  Eigen::Matrix3d gram = Eigen::Matrix3d::Zero();
  Eigen::Vector3d right = Eigen::Vector3d::Zero();
  for (std::int64_t c = first; c <= last; ++c) {
    if (!(at(c) > 0)) continue;
    const double u = static_cast<double>(c - zero.top);
    const Eigen::Vector3d powers(1.0, u, u * u);
    gram += at(c) * powers * powers.transpose();
    right += at(c) * std::log(at(c)) * powers;
  }
  const Eigen::LDLT<Eigen::Matrix3d> factors(gram);
  const Eigen::Vector3d curve = factors.solve(right);
  const double place = -0.5 * curve[1] / curve[2];
  if (!(curve[2] < 0) || !(std::abs(place) <= static_cast<double>(last - first))) {
    // No parabola: three channels or fewer with counts. The centre of gravity remains.
    double sum = 0, moment = 0;
    for (std::int64_t c = first; c <= last; ++c) {
      sum += std::max(0.0, at(c));
      moment += std::max(0.0, at(c)) * static_cast<double>(c);
    }
    zero.centre = moment / sum;
    zero.centre_variance = static_cast<double>(last - first) / sum;
  } else {
    zero.centre = static_cast<double>(zero.top) + place;
    const Eigen::Matrix3d covariance = factors.solve(Eigen::Matrix3d::Identity());
    const Eigen::Vector3d slope(0.0, -0.5 / curve[2], 0.5 * curve[1] / (curve[2] * curve[2]));
    zero.centre_variance = std::max(0.0, slope.dot(covariance * slope));
  }
  zero.found = true;
  return zero;
}

double reflected_at(std::span<const double> spectrum, double centre, std::int64_t channel) {
  if (static_cast<double>(channel) <= centre) return spectrum[static_cast<std::size_t>(channel)];
  return between(spectrum, 2.0 * centre - static_cast<double>(channel));
}

double counts_below(std::span<const double> spectrum, double channel) {
  double sum = 0;
  for (std::size_t c = 0; c < spectrum.size(); ++c) {
    const double share = std::clamp(channel - (static_cast<double>(c) - 0.5), 0.0, 1.0);
    if (share == 0.0) break;
    sum += share * spectrum[c];
  }
  return sum;
}

double first_minimum_behind(std::span<const double> spectrum, const ZeroLoss& zero) {
  std::size_t channel = static_cast<std::size_t>(zero.top);
  while (channel + 1 < spectrum.size() && spectrum[channel + 1] < spectrum[channel]) ++channel;
  return static_cast<double>(channel) - zero.centre;
}

double full_width(std::span<const double> spectrum, const ZeroLoss& zero) {
  const double half = 0.5 * spectrum[static_cast<std::size_t>(zero.top)];
  const auto crossing = [&](std::int64_t direction) {
    std::int64_t channel = zero.top;
    const auto size = static_cast<std::int64_t>(spectrum.size());
    while (channel >= 0 && channel < size && spectrum[static_cast<std::size_t>(channel)] > half) channel += direction;
    if (channel < 0 || channel >= size) return static_cast<double>(channel);
    const double outside = spectrum[static_cast<std::size_t>(channel)];
    const double inside = spectrum[static_cast<std::size_t>(channel - direction)];
    return static_cast<double>(channel) - static_cast<double>(direction) * (half - outside) / (inside - outside);
  };
  return crossing(1) - crossing(-1);
}

}  // namespace ruska::ops::eels
