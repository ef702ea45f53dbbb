// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/symmetry/point_group.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ruska::ops::diffraction {
namespace {

// The least score that a rotation by 180°, 120°, 90°, 60° can give: the least cosine of its multiples.
constexpr std::array<double, 4> least_rotation{-1, -0.5, -1, -1};
// The best mirror of patterns without one: among all angles some score is above zero.
constexpr double least_mirror = 0;
// By how many of its standard deviations the largest of the scores at all angles and centres exceeds its mean.
constexpr double selection = 1.5;

double normal_integral(double t) { return 0.5 * std::erfc(-t / std::numbers::sqrt2); }

/// Logarithm of the density of a uniform number in [low, 1] with normal noise.
double log_uniform(double value, double low, double sigma) {
  const double density = (normal_integral((value - low) / sigma) - normal_integral((value - 1) / sigma)) / (1 - low);
  return std::log(std::max(density, 1e-300));
}

bool contains(std::int64_t order, std::int64_t rotation) { return order % rotation == 0; }

/// Logarithm of the joint normal density of the rotations that a group contains, about 1.
double log_normal(const SymmetryScores& scores, const ScoreCovariance& covariance, double tolerance,
                  std::int64_t order) {
  double factor[4][4] = {}, residual[4] = {};
  std::size_t number = 0;
  std::array<std::size_t, 4> which{};
  for (std::size_t o = 0; o < rotation_orders.size(); ++o) {
    if (contains(order, rotation_orders[o])) which[number++] = o;
  }
  double log_density = 0;
  for (std::size_t i = 0; i < number; ++i) {  // Cholesky, row by row
    const double variance = covariance.rotation[which[i]][which[i]] + tolerance * tolerance;
    double rest = scores.rotation[which[i]] - 1;
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = i == j ? variance : covariance.rotation[which[i]][which[j]];
      for (std::size_t k = 0; k < j; ++k) sum -= factor[i][k] * factor[j][k];
      if (i == j) {
        factor[i][i] = std::sqrt(std::max(sum, 1e-3 * variance));
      } else {
        factor[i][j] = sum / factor[j][j];
        rest -= factor[i][j] * residual[j];
      }
    }
    residual[i] = rest / factor[i][i];
    log_density -= 0.5 * residual[i] * residual[i] + std::log(factor[i][i] * std::sqrt(2 * std::numbers::pi));
  }
  return log_density;
}

}  // namespace

std::array<double, 10> group_log_likelihoods(const SymmetryScores& scores, const ScoreCovariance& covariance,
                                             double tolerance) {
  std::array<double, 10> result{};
  for (std::size_t g = 0; g < point_groups.size(); ++g) {
    const PointGroup& group = point_groups[g];
    double& log_likelihood = result[g];
    log_likelihood = log_normal(scores, covariance, tolerance, group.order);
    for (std::size_t o = 0; o < rotation_orders.size(); ++o) {
      if (contains(group.order, rotation_orders[o])) continue;
      const double sigma = std::hypot(std::sqrt(covariance.rotation[o][o]), tolerance);
      log_likelihood += log_uniform(scores.rotation[o], least_rotation[o], sigma);
    }
    const auto m = static_cast<std::size_t>(std::find(mirror_orders.begin(), mirror_orders.end(), group.order) -
                                            mirror_orders.begin());
    const double variance = covariance.mirror[m] + tolerance * tolerance, sigma = std::sqrt(variance);
    const double score = scores.mirror[m].score;
    if (group.mirrors) {
      log_likelihood -= 0.5 * (score - 1) * (score - 1) / variance + 0.5 * std::log(2 * std::numbers::pi * variance);
    } else {
      log_likelihood += log_uniform(score - selection * std::sqrt(covariance.mirror[m]), least_mirror, sigma);
    }
  }
  return result;
}

std::array<double, 10> group_probabilities(const std::array<double, 10>& log_likelihoods) {
  const double largest = *std::max_element(log_likelihoods.begin(), log_likelihoods.end());
  std::array<double, 10> result{};
  double sum = 0;
  for (std::size_t g = 0; g < result.size(); ++g) sum += result[g] = std::exp(log_likelihoods[g] - largest);
  for (double& one : result) one /= sum;
  return result;
}

double score_of_group(const SymmetryScores& scores, std::size_t group) {
  const PointGroup& of = point_groups[group];
  double sum = 0, number = 0;
  for (std::size_t o = 0; o < rotation_orders.size(); ++o) {
    if (!contains(of.order, rotation_orders[o])) continue;
    sum += scores.rotation[o];
    number += 1;
  }
  if (of.mirrors) {
    const auto m = static_cast<std::size_t>(std::find(mirror_orders.begin(), mirror_orders.end(), of.order) -
                                            mirror_orders.begin());
    sum += scores.mirror[m].score;
    number += 1;
  }
  return number > 0 ? sum / number : 0;
}

}  // namespace ruska::ops::diffraction
