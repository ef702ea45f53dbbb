// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace ruska {

/// A least-squares fit of a curve or surface.
struct CurveFit {
  std::vector<double> parameters;
  std::vector<double> covariance;  ///< parameters × parameters, scaled by the reduced χ²
  double reduced_chi_square = 0;
  bool converged = false;

  double covariance_of(std::size_t i, std::size_t j) const { return covariance[i * parameters.size() + j]; }
};

/// Minimises Σ w (y − f(p))² by Levenberg and Marquardt's damped Gauss–Newton steps with central differences (J. J.
/// Moré, Lecture Notes in Mathematics 630, 105 (1978)). `scales` are lengths over which each parameter matters: steps
/// of the differences are 10⁻⁴ of them. `model(p, predicted)` fills as many values as `data` has. Converged when χ²
/// falls by less than 10⁻¹⁰ of itself. More data than parameters are needed; throws internal otherwise.
CurveFit fit_curve(std::span<const double> data, std::span<const double> weights, std::vector<double> start,
                   std::span<const double> scales,
                   const std::function<void(std::span<const double> parameters, std::span<double> predicted)>& model,
                   int most_steps = 100);

}  // namespace ruska
