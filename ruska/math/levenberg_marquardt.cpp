// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/levenberg_marquardt.hpp"

#include <cmath>

#include <Eigen/Dense>

#include "ruska/base/error.hpp"

namespace ruska {
namespace {

constexpr double difference_step = 1e-4, tolerance = 1e-10;
constexpr double least_damping = 1e-12, most_damping = 1e12;

}  // namespace

CurveFit fit_curve(std::span<const double> data, std::span<const double> weights, std::vector<double> start,
                   std::span<const double> scales,
                   const std::function<void(std::span<const double>, std::span<double>)>& model, int most_steps) {
  const auto size = static_cast<Eigen::Index>(data.size()), number = static_cast<Eigen::Index>(start.size());
  if (size <= number) throw Error(ErrorKind::internal, "a fit needs more data than parameters");
  CurveFit fit;
  fit.parameters = std::move(start);
  std::vector<double> predicted(data.size()), above(data.size()), below(data.size());
  const auto chi_square_of = [&](const std::vector<double>& values) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += weights[i] * std::pow(data[i] - values[i], 2);
    return sum;
  };
  model(fit.parameters, predicted);
  double chi_square = chi_square_of(predicted), damping = 1e-3;
  Eigen::MatrixXd normal(number, number);
  Eigen::VectorXd right(number);
  const auto linearise = [&] {
    Eigen::MatrixXd slopes(size, number);
    for (Eigen::Index p = 0; p < number; ++p) {
      std::vector<double> moved = fit.parameters;
      const double step = difference_step * scales[static_cast<std::size_t>(p)];
      moved[static_cast<std::size_t>(p)] += step;
      model(moved, above);
      moved[static_cast<std::size_t>(p)] -= 2 * step;
      model(moved, below);
      for (Eigen::Index i = 0; i < size; ++i) {
        const auto at = static_cast<std::size_t>(i);
        slopes(i, p) = std::sqrt(weights[at]) * (above[at] - below[at]) / (2 * step);
      }
    }
    Eigen::VectorXd residual(size);
    for (Eigen::Index i = 0; i < size; ++i) {
      const auto at = static_cast<std::size_t>(i);
      residual[i] = std::sqrt(weights[at]) * (data[at] - predicted[at]);
    }
    normal = slopes.transpose() * slopes;
    right = slopes.transpose() * residual;
  };
  linearise();
  for (int step = 0; step < most_steps && !fit.converged && std::isfinite(chi_square); ++step) {
    bool better = false;
    while (!better && damping < most_damping) {
      Eigen::MatrixXd damped = normal;
      for (Eigen::Index p = 0; p < number; ++p) damped(p, p) += damping * normal(p, p) + 1e-300;
      const Eigen::VectorXd change = damped.ldlt().solve(right);
      std::vector<double> moved = fit.parameters;
      for (Eigen::Index p = 0; p < number; ++p) moved[static_cast<std::size_t>(p)] += change[p];
      model(moved, above);
      const double next = chi_square_of(above);
      if (!(next <= chi_square)) {
        damping *= 10;
        continue;
      }
      better = true;
      fit.converged = chi_square - next <= tolerance * chi_square;
      fit.parameters = std::move(moved);
      predicted = above;
      chi_square = next;
      damping = std::max(least_damping, damping / 10);
    }
    if (!better) {
      fit.converged = true;  // no direction leads further down
      break;
    }
    linearise();
  }
  fit.reduced_chi_square = chi_square / static_cast<double>(size - number);
  const Eigen::MatrixXd inverse = normal.completeOrthogonalDecomposition().pseudoInverse() * fit.reduced_chi_square;
  for (Eigen::Index i = 0; i < number; ++i) {
    for (Eigen::Index j = 0; j < number; ++j) fit.covariance.push_back(inverse(i, j));
  }
  return fit;
}

}  // namespace ruska
