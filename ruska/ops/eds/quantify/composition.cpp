// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// n_i = I_i A_i / s_i, atomic fraction n_i / Σ n, weight fraction n_i M_i / Σ n M. Cliff and Lorimer (J. Microsc. 103,
// 203, 1975), Watanabe and Williams (J. Microsc. 221, 89, 2006) and MacArthur et al. (Microsc. Microanal. 22, 71, 2016)
// differ in s_i alone.
#include "ruska/ops/eds/quantify/composition.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <xraylib/xraylib.h>

namespace ruska::ops::eds {

namespace {

constexpr int most_iterations = 200;

double absorption_factor(double x) { return x > 1e-8 ? x / -std::expm1(-x) : 1.0 + 0.5 * x; }

}  // namespace

CompositionSolver::CompositionSolver(Quantification settings) : settings_(std::move(settings)) {
  const auto count = static_cast<Eigen::Index>(settings_.atomic_numbers.size());
  molar_mass_.resize(count);
  own_density_.resize(count);
  mass_absorption_.resize(count, count);
  for (Eigen::Index j = 0; j < count; ++j) {
    const int z = settings_.atomic_numbers[static_cast<std::size_t>(j)];
    molar_mass_[j] = 1e-3 * AtomicWeight(z, nullptr);
    own_density_[j] = 1e3 * ElementDensity(z, nullptr);
    for (Eigen::Index i = 0; i < count; ++i) {
      mass_absorption_(i, j) = 0.1 * CS_Total(z, settings_.line_energies[static_cast<std::size_t>(i)], nullptr);
    }
  }
}

Composition CompositionSolver::without_slopes(const Eigen::VectorXd& counts) const {
  Composition result;
  result.absorption_factor = Eigen::VectorXd::Ones(elements());
  const auto update = [&] {
    result.amounts = counts.cwiseProduct(result.absorption_factor).cwiseQuotient(settings_.sensitivity);
  };
  update();
  if (settings_.absorption) {
    result.converged = false;
    for (int iteration = 0; iteration < most_iterations; ++iteration) {
      // What scatters below zero absorbs nothing.
      const Eigen::VectorXd masses = result.amounts.cwiseMax(0.0).cwiseProduct(molar_mass_);
      const double total = masses.sum();
      if (!(total > 0) || !std::isfinite(total)) return result;
      const Eigen::VectorXd shares = masses / total;
      double mass_thickness = total;
      if (!settings_.absolute) {
        const double density = settings_.absorption->density.value_or(1.0 / shares.cwiseQuotient(own_density_).sum());
        mass_thickness = density * *settings_.absorption->thickness;
      }
      const Eigen::VectorXd paths = mass_absorption_ * shares * (mass_thickness * settings_.absorption->cosecant);
      result.absorption_factor = paths.unaryExpr(&absorption_factor);
      const Eigen::VectorXd before = result.amounts;
      update();
      if ((result.amounts - before).cwiseAbs().sum() <= 1e-9 * result.amounts.cwiseAbs().sum()) {
        result.converged = true;
        break;
      }
    }
  }
  result.atomic = result.amounts / result.amounts.sum();
  const Eigen::VectorXd masses = result.amounts.cwiseProduct(molar_mass_);
  result.mass_thickness = masses.sum();
  result.weight = masses / result.mass_thickness;
  return result;
}

Composition CompositionSolver::solve(const Eigen::VectorXd& counts, const Eigen::VectorXd& sigma) const {
  Composition result = without_slopes(counts);
  if (!result.converged) return result;
  const Eigen::Index count = elements();
  if (!settings_.absorption) {
    const Eigen::VectorXd gain = settings_.sensitivity.cwiseInverse();  // ∂n_j / ∂I_j
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(count, count);
    result.atomic_slope =
        (identity - result.atomic * Eigen::RowVectorXd::Ones(count)) * (gain / result.amounts.sum()).asDiagonal();
    const Eigen::VectorXd mass_gain = gain.cwiseProduct(molar_mass_);
    result.weight_slope =
        (identity - result.weight * Eigen::RowVectorXd::Ones(count)) * (mass_gain / result.mass_thickness).asDiagonal();
    result.mass_slope = mass_gain.transpose();
    return result;
  }
  result.atomic_slope.resize(count, count);
  result.weight_slope.resize(count, count);
  result.mass_slope.resize(count);
  for (Eigen::Index j = 0; j < count; ++j) {
    const double step = 1e-3 * std::max(std::abs(counts[j]), sigma[j]);
    Eigen::VectorXd changed = counts;
    changed[j] = counts[j] + step;
    const Composition above = without_slopes(changed);
    changed[j] = counts[j] - step;
    const Composition below = without_slopes(changed);
    if (!above.converged || !below.converged) {
      result.converged = false;
      return result;
    }
    result.atomic_slope.col(j) = (above.atomic - below.atomic) / (2.0 * step);
    result.weight_slope.col(j) = (above.weight - below.weight) / (2.0 * step);
    result.mass_slope[j] = (above.mass_thickness - below.mass_thickness) / (2.0 * step);
  }
  return result;
}

}  // namespace ruska::ops::eds
