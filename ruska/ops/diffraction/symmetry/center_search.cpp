// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/symmetry/center_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace ruska::ops::diffraction {
namespace {

constexpr double widest_step = 0.5;      // px between the centres that are tried
constexpr double wide_tolerance = 0.15;  // of scores at centres up to half a step off the best
constexpr double least_contrast = 3;     // standard deviations of the azimuthal power above zero

/// Σ over a 3 × 3 neighbourhood fitted with a parabola: slopes and second derivatives at its middle.
struct Parabola {
  double y = 0, x = 0, yy = 0, yx = 0, xx = 0;
};

Parabola parabola_through(const std::array<double, 9>& values, double step) {
  Parabola p;
  for (int i = 0; i < 9; ++i) {
    const double v = values[static_cast<std::size_t>(i)];
    const int dy = i / 3 - 1, dx = i % 3 - 1;
    p.y += v * dy / 6;
    p.x += v * dx / 6;
    p.yx += v * dy * dx / 4;
    p.yy += v * (dy != 0 ? 1.0 : -2.0) / 3;
    p.xx += v * (dx != 0 ? 1.0 : -2.0) / 3;
  }
  p.y /= step;
  p.x /= step;
  p.yx /= step * step;
  p.yy /= step * step;
  p.xx /= step * step;
  return p;
}

/// The top of the parabola, at most `most` away along each axis; its middle where it has none.
std::pair<double, double> top_of(const Parabola& p, double most) {
  const double determinant = p.yy * p.xx - p.yx * p.yx;
  if (!(p.yy < 0 && p.xx < 0 && determinant > 0)) {
    // A ridge, as a single mirror makes: uphill across it.
    const double y = p.yy < 0 ? std::clamp(-p.y / p.yy, -most, most) : 0;
    const double x = p.xx < 0 ? std::clamp(-p.x / p.xx, -most, most) : 0;
    return p.yy < p.xx ? std::pair(y, 0.0) : std::pair(0.0, x);
  }
  const double y = (-p.y * p.xx + p.x * p.yx) / determinant, x = (-p.x * p.yy + p.y * p.yx) / determinant;
  const double factor = std::min(1.0, most / std::max({std::abs(y), std::abs(x), 1e-12}));
  return {y * factor, x * factor};
}

}  // namespace

PatternSymmetry find_symmetry(SymmetryScorer& scorer, double y, double x, double search, double tolerance) {
  PatternSymmetry result;
  result.y = y;
  result.x = x;
  scorer.score(y, x);
  ScoreCovariance covariance = scorer.covariance();
  const auto no_contrast = [&] {
    return !(scorer.scores().power > least_contrast * scorer.scores().power_sigma) || !(scorer.scores().power > 1e-9);
  };
  if (no_contrast()) return result;
  result.any = true;

  Parabola bend;
  std::size_t group = 0;
  if (search > 0) {
    const auto reach = static_cast<std::int64_t>(std::ceil(search / widest_step));
    const double step = search / static_cast<double>(reach);
    double best = -std::numeric_limits<double>::infinity();
    double best_y = y, best_x = x;
    for (std::int64_t i = -reach; i <= reach; ++i) {
      for (std::int64_t j = -reach; j <= reach; ++j) {
        const double at_y = y + static_cast<double>(i) * step, at_x = x + static_cast<double>(j) * step;
        const SymmetryScores& scores = scorer.score(at_y, at_x);
        if (!(scores.power > 0)) continue;
        const auto likelihood = group_log_likelihoods(scores, covariance, std::max(tolerance, wide_tolerance));
        for (std::size_t g = 1; g < likelihood.size(); ++g) {
          if (!(likelihood[g] > best)) continue;
          best = likelihood[g];
          group = g;
          best_y = at_y;
          best_x = at_x;
        }
      }
    }
    for (const double fine : {step, step / 2}) {
      std::array<double, 9> around{};
      for (int i = 0; i < 9; ++i) {
        const SymmetryScores& scores = scorer.score(best_y + (i / 3 - 1) * fine, best_x + (i % 3 - 1) * fine);
        around[static_cast<std::size_t>(i)] = score_of_group(scores, group);
      }
      bend = parabola_through(around, fine);
      const auto [dy, dx] = top_of(bend, fine);
      best_y = std::clamp(best_y + dy, y - search, y + search);
      best_x = std::clamp(best_x + dx, x - search, x + search);
    }
    result.y = best_y;
    result.x = best_x;
    scorer.score(best_y, best_x);
    covariance = scorer.covariance();
    if (no_contrast()) {
      result.any = false;
      return result;
    }
  }
  result.scores = scorer.scores();
  result.covariance = covariance;
  const auto likelihood = group_log_likelihoods(result.scores, covariance, tolerance);
  result.probability = group_probabilities(likelihood);
  result.group = static_cast<std::size_t>(
      std::max_element(result.probability.begin(), result.probability.end()) - result.probability.begin());
  (void)bend;
  return result;
}

}  // namespace ruska::ops::diffraction
