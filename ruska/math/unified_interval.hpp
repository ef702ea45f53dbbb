// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace ruska::math {

/// Confidence intervals of a quantity that cannot leave [0, upper], from a measurement x of it whose errors are normal
/// and which itself may leave the range: the unified intervals of Feldman and Cousins, Phys. Rev. D 57, 3873 (1998).
/// They cover every true value, 0 and `upper` included, with the probability asked for; near a bound they end at it,
/// away from the bounds they are x ± z σ.
class UnifiedInterval {
 public:
  /// `confidence` within (0, 1).
  explicit UnifiedInterval(double confidence);

  struct Ends {
    double low, high;
  };

  /// The truths t of [0, upper] that the measurement does not reject. `sigma(t)` is the standard deviation that x has
  /// when t is true: 0 rejects every other measurement, NaN none. `upper` may be infinite.
  template <class Sigma>
  Ends operator()(double x, double upper, Sigma&& sigma) const;

  /// Largest −2 ln of the likelihood ratio that is accepted of a truth that lies `below` σ above 0 and `above` σ below
  /// the upper bound. Interpolated; off by at most 0.5 % of its root.
  double critical(double below, double above) const;

 private:
  std::vector<double> root_;  ///< square roots of the critical values on a grid of both distances
};

template <class Sigma>
UnifiedInterval::Ends UnifiedInterval::operator()(double x, double upper, Sigma&& sigma) const {
  constexpr int halvings = 24;  // to 6e-8 of the range searched
  const double best = std::clamp(x, 0.0, upper);
  const auto accepted = [&](double t) {
    const double s = sigma(t);
    if (std::isnan(s) || t == best) return true;
    if (!(s > 0)) return false;
    const double ratio = ((x - t) * (x - t) - (x - best) * (x - best)) / (s * s);
    return ratio <= critical(t / s, (upper - t) / s);
  };
  const auto boundary = [&](double inside, double outside) {
    for (int i = 0; i < halvings; ++i) {
      const double middle = 0.5 * (inside + outside);
      (accepted(middle) ? inside : outside) = middle;
    }
    return inside;
  };
  Ends ends{0.0, upper};
  if (!accepted(0.0)) ends.low = boundary(best, 0.0);
  double far = upper;
  if (far == std::numeric_limits<double>::infinity()) {
    const double s = sigma(best);
    if (std::isnan(s)) return ends;
    far = best + std::max(s, 1e-12 * (best + 1));
    for (int i = 0; i < 60 && accepted(far); ++i) far = best + 2 * (far - best);
  }
  if (!accepted(far)) ends.high = boundary(best, far);
  return ends;
}

}  // namespace ruska::math
