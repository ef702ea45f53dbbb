// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/symmetry/center_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <tuple>
#include <utility>
#include <vector>

namespace ruska::ops::diffraction {
namespace {

constexpr double widest_step = 0.5;      // px between the centres that are tried
constexpr double wide_tolerance = 0.15;  // of scores at centres up to half a step off the best
constexpr std::size_t candidates = 3;    // groups whose centre is looked for
constexpr double edge_share = 0.35;      // brightness where the pattern changes, over that of what is bright
constexpr double least_ratio = 12;       // logarithm of the likelihood ratio beyond which a group is given up
constexpr double most_gain = 0.3;        // that the choice of a centre may have added to a score
constexpr double least_power = 1e-9;     // of a pattern of mean 1: below it is rounding
constexpr double least_contrast = 3;     // standard deviations of the azimuthal power above zero

bool is_subgroup(std::size_t group, std::size_t of) {
  const PointGroup &small = point_groups[group], &large = point_groups[of];
  return large.order % small.order == 0 && (large.mirrors || !small.mirrors);
}

/// The parabola fitted to a 3 × 3 neighbourhood: slopes and second derivatives at its middle.
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

/// The noise of the slope of a score S(c) at its top, where H are its second derivatives, approximately: the covariance
/// −H · linear + square. Near the top 1 − S is half the square of the shift times the power of the pattern's change
/// with it, whence the part from products of noise and signal, less because the change lies at the edges of what is
/// bright. The part from products of noise alone is 12 times the variance of S: the autocovariance of interpolated
/// noise has the relative curvature −3, and a half turn shifts by twice the centre's shift.
struct SlopeNoise {
  explicit SlopeNoise(const SymmetryScores& scores)
      : linear(edge_share * scores.power_linear / (scores.power * scores.power)),
        square(24 * scores.power_square / (scores.power * scores.power)) {}
  double linear, square;
};

/// (−H)⁻¹, or nothing where the score has no top.
struct Spread {
  explicit Spread(const Parabola& bend) {
    const double determinant = bend.yy * bend.xx - bend.yx * bend.yx;
    exists = bend.yy < 0 && bend.xx < 0 && determinant > 0;
    if (!exists) return;
    yy = -bend.xx / determinant;
    xx = -bend.yy / determinant;
    yx = bend.yx / determinant;
  }
  bool exists = false;
  double yy = 0, xx = 0, yx = 0;
};

/// −H across a mirror's line.
double curvature_across(const Parabola& bend, double degrees) {
  const double angle = degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  return -(bend.yy * c * c - 2 * bend.yx * c * s + bend.xx * s * s);
}

void set_center_sigma(PatternSymmetry& result, const Parabola& bend, std::size_t group, double most) {
  const SlopeNoise noise(result.scores);
  result.y_sigma = result.x_sigma = most;
  if (point_groups[group].order == 1) {  // a single mirror says nothing of the centre along its line
    const double degrees = result.scores.mirror[0].angle;
    const double angle = degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
    const double across = curvature_across(bend, degrees);
    if (!(across > 0)) return;
    const double variance = std::min(most * most, noise.linear / across + noise.square / (across * across));
    result.y_sigma = std::sqrt(most * most * s * s + variance * c * c);
    result.x_sigma = std::sqrt(most * most * c * c + variance * s * s);
    return;
  }
  const Spread spread(bend);
  if (!spread.exists) return;
  const double off = noise.square * spread.yx * spread.yx;
  result.y_sigma = std::min(most, std::sqrt(noise.linear * spread.yy + noise.square * spread.yy * spread.yy + off));
  result.x_sigma = std::min(most, std::sqrt(noise.linear * spread.xx + noise.square * spread.xx * spread.xx + off));
}

/// Takes off the scores of a group's operations what choosing the best centre has added on average: half the trace of
/// the slope's covariance times (−H)⁻¹.
void take_off_gain(SymmetryScores& scores, const Parabola& bend, std::size_t group) {
  const SlopeNoise noise(scores);
  const PointGroup& of = point_groups[group];
  double gain = 0;
  if (of.order == 1) {
    const double across = curvature_across(bend, scores.mirror[0].angle);
    gain = across > 0 ? 0.5 * (noise.linear + noise.square / across) : 0;
  } else if (const Spread spread(bend); spread.exists) {
    gain = noise.linear + 0.5 * noise.square * (spread.yy + spread.xx);
  }
  gain = std::min(gain, most_gain);
  for (std::size_t o = 0; o < rotation_orders.size(); ++o) {
    if (of.order % rotation_orders[o] == 0) scores.rotation[o] -= gain;
  }
  for (std::size_t o = 0; of.mirrors && o < mirror_orders.size(); ++o) {
    if (of.order % mirror_orders[o] == 0) scores.mirror[o].score -= gain;
  }
}

}  // namespace

PatternSymmetry find_symmetry(SymmetryScorer& scorer, double y, double x, double search, double tolerance) {
  PatternSymmetry result;
  result.y = y;
  result.x = x;
  scorer.score(y, x);
  ScoreCovariance covariance = scorer.covariance();
  const auto no_contrast = [&] {
    const SymmetryScores& scores = scorer.scores();
    return !(scores.power > least_contrast * std::sqrt(scores.power_linear + scores.power_square)) ||
           !(scores.power > least_power);
  };
  if (no_contrast()) return result;
  result.any = true;

  const auto finish = [&] {
    result.probability = group_probabilities(result.log_likelihood);
    result.group = static_cast<std::size_t>(std::max_element(result.probability.begin(), result.probability.end()) -
                                            result.probability.begin());
  };
  if (search <= 0) {
    result.scores = scorer.scores();
    result.covariance = covariance;
    result.log_likelihood = group_log_likelihoods(result.scores, covariance, tolerance);
    finish();
    return result;
  }

  const auto reach = static_cast<std::int64_t>(std::ceil(search / widest_step)), side = 2 * reach + 1;
  const double step = search / static_cast<double>(reach);
  constexpr std::size_t groups = point_groups.size();
  struct Node {
    double likelihood = -std::numeric_limits<double>::infinity();
    std::int64_t y = 0, x = 0;
  };
  std::array<Node, groups> node{};
  std::vector<std::array<double, groups>> score(static_cast<std::size_t>(side * side));
  for (std::int64_t i = 0; i < side; ++i) {
    for (std::int64_t j = 0; j < side; ++j) {
      const SymmetryScores& scores =
          scorer.score(y + static_cast<double>(i - reach) * step, x + static_cast<double>(j - reach) * step);
      if (!(scores.power > 0)) continue;
      const auto likelihood = group_log_likelihoods(scores, covariance, std::max(tolerance, wide_tolerance));
      for (std::size_t g = 1; g < groups; ++g) {
        score[static_cast<std::size_t>(i * side + j)][g] = score_of_group(scores, g);
        if (likelihood[g] > node[g].likelihood) node[g] = {likelihood[g], i, j};
      }
    }
  }
  std::array<std::size_t, groups> order{};
  for (std::size_t g = 0; g < groups; ++g) order[g] = g;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return node[a].likelihood > node[b].likelihood; });

  result.log_likelihood.fill(-std::numeric_limits<double>::infinity());
  double best = -std::numeric_limits<double>::infinity();
  std::vector<std::size_t> followed;
  for (std::size_t c = 0; c + 1 < groups && followed.size() < candidates; ++c) {
    const std::size_t group = order[c];
    const Node& from = node[group];
    if (!(from.likelihood > node[order[0]].likelihood - least_ratio)) break;
    // A subgroup of one whose centre is known lies there too, unless its own best node lies elsewhere.
    if (std::any_of(followed.begin(), followed.end(), [&](std::size_t other) {
          return is_subgroup(group, other) && std::abs(node[other].y - from.y) <= 1 &&
                 std::abs(node[other].x - from.x) <= 1;
        })) {
      continue;
    }
    followed.push_back(group);
    // On the border of the grid the nodes nearest to it within serve.
    const std::int64_t i = std::clamp<std::int64_t>(from.y, 1, side - 2),
                       j = std::clamp<std::int64_t>(from.x, 1, side - 2);
    std::array<double, 9> around{};
    for (std::int64_t k = 0; k < 9; ++k) {
      around[static_cast<std::size_t>(k)] =
          score[static_cast<std::size_t>((i + k / 3 - 1) * side + j + k % 3 - 1)][group];
    }
    auto [dy, dx] = top_of(parabola_through(around, step), step);
    double at_y = y + static_cast<double>(i - reach) * step + dy, at_x = x + static_cast<double>(j - reach) * step + dx;
    for (std::size_t k = 0; k < 9; ++k) {
      around[k] = score_of_group(scorer.score(at_y + (static_cast<double>(k / 3) - 1) * step / 2,
                                              at_x + (static_cast<double>(k % 3) - 1) * step / 2),
                                 group);
    }
    const Parabola bend = parabola_through(around, step / 2);
    std::tie(dy, dx) = top_of(bend, step / 2);
    at_y = std::clamp(at_y + dy, y - search, y + search);
    at_x = std::clamp(at_x + dx, x - search, x + search);
    scorer.score(at_y, at_x);
    covariance = scorer.covariance();
    if (no_contrast()) continue;
    SymmetryScores scores = scorer.scores();
    take_off_gain(scores, bend, group);
    const auto likelihood = group_log_likelihoods(scores, covariance, tolerance);
    for (std::size_t g = 0; g < groups; ++g) {
      result.log_likelihood[g] = std::max(result.log_likelihood[g], likelihood[g]);
    }
    if (const double here = *std::max_element(likelihood.begin(), likelihood.end()); here > best) {
      best = here;
      result.y = at_y;
      result.x = at_x;
      result.scores = scores;
      result.covariance = covariance;
      set_center_sigma(result, bend, group, search / std::numbers::sqrt3);
    }
  }
  if (!std::isfinite(best)) {
    result.any = false;
    return result;
  }
  finish();
  if (result.group == 0) result.y_sigma = result.x_sigma = search / std::numbers::sqrt3;
  return result;
}

}  // namespace ruska::ops::diffraction
