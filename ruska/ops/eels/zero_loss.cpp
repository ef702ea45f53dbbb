// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/zero_loss.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

namespace ruska::ops::eels {

namespace {

constexpr double rise = 0.1;  // of the maximum

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

}  // namespace ruska::ops::eels
