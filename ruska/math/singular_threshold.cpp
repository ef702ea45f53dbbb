// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/singular_threshold.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ruska::math {
namespace {

/// The law's mass between its lower edge and `upper`. With x = c − r cos t the square roots at both edges cancel and
/// the midpoint rule converges geometrically.
double marchenko_pastur_mass(double beta, double upper) {
  const double low = (1 - std::sqrt(beta)) * (1 - std::sqrt(beta));
  const double high = (1 + std::sqrt(beta)) * (1 + std::sqrt(beta));
  const double centre = (low + high) / 2, radius = (high - low) / 2;
  const double end = std::acos(std::clamp((centre - upper) / radius, -1.0, 1.0));
  constexpr int steps = 4000;
  double sum = 0;
  for (int i = 0; i < steps; ++i) {
    const double t = end * (i + 0.5) / steps;
    const double sine = std::sin(t);
    sum += sine * sine / (centre - radius * std::cos(t));
  }
  return sum * end / steps * radius * radius / (2 * std::numbers::pi * beta);
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
