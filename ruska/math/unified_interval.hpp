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
  constexpr int halvings = 24;  // to 6e-8 of the last step
  const double best = std::clamp(x, 0.0, upper);
  const auto accepted = [&](double t) {
    const double s = sigma(t);
    if (std::isnan(s) || t == best) return true;
    if (!(s > 0)) return false;
    const double ratio = ((x - t) * (x - t) - (x - best) * (x - best)) / (s * s);
    return ratio <= critical(t / s, (upper - t) / s);
  };
  const double spread = sigma(best);
  if (std::isnan(spread)) return {0.0, upper};
  // Outward from the best truth to the first that is rejected: where σ grows with the distance, far truths could be
  // accepted again, for no better reason than that x says nothing about them.
  const auto end_towards = [&](double bound) {
    double inside = best, step = std::max(0.5 * spread, 1e-6 * (best + 1));
    for (int i = 0; i < 100 && inside != bound; ++i) {
      double outside = bound < best ? std::max(bound, inside - step) : std::min(bound, inside + step);
      if (accepted(outside)) {
        inside = outside;
        step *= 2;
        continue;
      }
      for (int halving = 0; halving < halvings; ++halving) {
        const double middle = 0.5 * (inside + outside);
        (accepted(middle) ? inside : outside) = middle;
      }
      break;
    }
    return inside;
  };
  return {end_towards(0.0), end_towards(upper)};
}

}  // namespace ruska::math
