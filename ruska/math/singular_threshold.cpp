// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/singular_threshold.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ruska::math {
namespace {

/// The law's mass between its lower edge and `upper`. With q = √β and x = 1 + q² − 2 q cos t the density becomes
/// sin² t / x, whose integral is elementary.
double marchenko_pastur_mass(double beta, double upper) {
  const double q = std::sqrt(beta);
  const double t = std::acos(std::clamp((1 + beta - upper) / (2 * q), -1.0, 1.0));
  const double angle = std::atan2(q * std::sin(t), 1 - q * std::cos(t));
  return (beta * t + q * std::sin(t) - (1 - beta) * angle) / (std::numbers::pi * beta);
}

}  // namespace

double optimal_hard_threshold(double beta) {
  return std::sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + std::sqrt(beta * beta + 14 * beta + 1)));
}

double marchenko_pastur_median(double beta) {
  double low = (1 - std::sqrt(beta)) * (1 - std::sqrt(beta));
  double high = (1 + std::sqrt(beta)) * (1 + std::sqrt(beta));
  while (high - low > 1e-10) {
    const double middle = (low + high) / 2;
    (marchenko_pastur_mass(beta, middle) < 0.5 ? low : high) = middle;
  }
  return (low + high) / 2;
}

double noise_from_median(const std::vector<double>& falling_singular_values, double smaller, double larger) {
  const std::size_t count = falling_singular_values.size();
  if (count == 0 || !(smaller > 0)) return 0;
  const double median = (falling_singular_values[(count - 1) / 2] + falling_singular_values[count / 2]) / 2;
  return median / std::sqrt(larger * marchenko_pastur_median(smaller / larger));
}

}  // namespace ruska::math
