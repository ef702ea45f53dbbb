// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// A truth t accepts the measurements x whose likelihood ratio R = p(x|t) / p(x|best), best = x clipped to the range, is
// largest, until they have the probability asked for. In units of σ from t, −2 ln R is z² while x is within the range,
// and grows linearly beyond: z² − (z − v)² above a bound at distance v. It rises on both sides of t, so that the
// accepted x form an interval whose ends follow from the critical value in closed form.
#include "ruska/math/unified_interval.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace ruska::math {
namespace {

constexpr double farthest = 6.0;  // a bound so many σ away no longer matters
constexpr std::size_t steps = 120;

double below_normal(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

/// Distance, in σ, at which the ratio reaches root² towards a bound at distance `bound`.
double reach(double root, double bound) {
  if (root <= bound) return root;
  if (bound == 0) return std::numeric_limits<double>::infinity();
  return 0.5 * (root * root / bound + bound);
}

}  // namespace

UnifiedInterval::UnifiedInterval(double confidence) : root_((steps + 1) * (steps + 1)) {
  for (std::size_t i = 0; i <= steps; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double below = farthest * static_cast<double>(i) / steps, above = farthest * static_cast<double>(j) / steps;
      double low = 0, high = 10;
      for (int halving = 0; halving < 40; ++halving) {
        const double root = 0.5 * (low + high);
        const double probability = below_normal(reach(root, above)) - below_normal(-reach(root, below));
        (probability < confidence ? low : high) = root;
      }
      // Between two bounds that touch, every measurement has the same ratio and all are accepted.
      root_[i * (steps + 1) + j] = root_[j * (steps + 1) + i] = high;
    }
  }
}

double UnifiedInterval::critical(double below, double above) const {
  const auto place = [](double distance) { return std::clamp(distance, 0.0, farthest) * (steps / farthest); };
  const double u = place(below), v = place(above);
  const auto i = std::min(static_cast<std::size_t>(u), steps - 1), j = std::min(static_cast<std::size_t>(v), steps - 1);
  const double a = u - static_cast<double>(i), b = v - static_cast<double>(j);
  const double* corner = root_.data() + i * (steps + 1) + j;
  const double root =
      (1 - a) * ((1 - b) * corner[0] + b * corner[1]) + a * ((1 - b) * corner[steps + 1] + b * corner[steps + 2]);
  return root * root;
}

}  // namespace ruska::math
