// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011), section 4.4; the fit is
// Fisher's scoring for a mean λ = exp(x·θ) (P. McCullagh and J. A. Nelder, Generalized Linear Models, 1989, chapter 2):
//   θ ← θ + (Σ λ x xᵀ)⁻¹ Σ x (y − λ),   x = (1, −f(E)),   cov θ = g (Σ λ x xᵀ)⁻¹ for counts of variance g λ.
#include "ruska/ops/eels/background_fit.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::ops::eels {

namespace {

constexpr int most_steps = 50;
constexpr double steepest = 30.0;  // no background falls or rises as fast

}  // namespace

BackgroundFit::BackgroundFit(const LossAxis& axis, std::int64_t begin, std::int64_t end, BackgroundModel model)
    : begin_(begin), end_(end) {
  const double first = axis.at(static_cast<double>(begin)), last = axis.at(static_cast<double>(end - 1));
  const bool power = model == BackgroundModel::power_law;
  reference_ = power ? std::sqrt(first * last) : 0.5 * (first + last);
  for (std::int64_t channel = 0; channel < axis.size; ++channel) {
    const double loss = axis.at(static_cast<double>(channel));
    if (power) {
      regressor_.push_back(loss > 0 ? std::log(loss / reference_) : 0.0);
    } else {
      regressor_.push_back((loss - reference_) / std::abs(reference_));
    }
  }
}

double BackgroundFit::counts(std::span<const double> spectrum) const {
  double sum = 0;
  for (std::int64_t c = begin_; c < end_; ++c) sum += spectrum[static_cast<std::size_t>(c)];
  return sum;
}

Background BackgroundFit::fit(std::span<const double> spectrum) const {
  Background law;
  const double sum = counts(spectrum);
  if (!(sum > 0)) return law;
  law.level = std::log(sum / static_cast<double>(end_ - begin_));
  law.exponent = 0;
  for (int step = 0; step < most_steps; ++step) {
    double gram[3] = {0, 0, 0}, slope[2] = {0, 0}, chi_square = 0;
    for (std::int64_t c = begin_; c < end_; ++c) {
      const double x = -regressor_[static_cast<std::size_t>(c)];
      const double lambda = std::exp(law.level + law.exponent * x);
      const double rest = spectrum[static_cast<std::size_t>(c)] - lambda;
      gram[0] += lambda;
      gram[1] += lambda * x;
      gram[2] += lambda * x * x;
      slope[0] += rest;
      slope[1] += rest * x;
      chi_square += rest * (rest / lambda);
    }
    const double determinant = gram[0] * gram[2] - gram[1] * gram[1];
    if (!(determinant > 1e-14 * gram[0] * gram[2])) return law;
    law.variance[0] = gram[2] / determinant;
    law.variance[1] = -gram[1] / determinant;
    law.variance[2] = gram[0] / determinant;
    law.chi_square = chi_square;
    const double up = law.variance[0] * slope[0] + law.variance[1] * slope[1];
    const double turn = law.variance[1] * slope[0] + law.variance[2] * slope[1];
    // Settled: the step is far below the standard deviation, and as small as rounding lets it be.
    if (up * up < 1e-16 * (1.0 + law.variance[0]) && turn * turn < 1e-16 * (1.0 + law.variance[2])) {
      law.fitted = std::abs(law.exponent) < steepest;
      return law;
    }
    const double shorten =
        std::min({1.0, 1.0 / std::max(1e-300, std::abs(up)), 4.0 / std::max(1e-300, std::abs(turn))});
    law.level += shorten * up;
    law.exponent += shorten * turn;
  }
  return law;
}

Background BackgroundFit::of_exponent(double exponent, double exponent_variance, double counts) const {
  double shape = 0, moment = 0;
  for (std::int64_t c = begin_; c < end_; ++c) {
    const double f = regressor_[static_cast<std::size_t>(c)];
    shape += std::exp(-exponent * f);
    moment += f * std::exp(-exponent * f);
  }
  // The counts of the window are independent of the exponent; the level that they ask for is not.
  const double slope = moment / shape;  // d level / d exponent
  Background law;
  law.fitted = true;
  law.level = std::log(counts / shape);
  law.exponent = exponent;
  law.variance[0] = 1.0 / counts + slope * slope * exponent_variance;
  law.variance[1] = slope * exponent_variance;
  law.variance[2] = exponent_variance;
  return law;
}

double BackgroundFit::variance_at(const Background& law, std::int64_t channel) const {
  const double value = at(law, channel), f = regressor_[static_cast<std::size_t>(channel)];
  return value * value * (law.variance[0] - 2.0 * f * law.variance[1] + f * f * law.variance[2]);
}

double BackgroundFit::at(const Background& law, std::int64_t channel) const {
  return std::exp(law.level - law.exponent * regressor_[static_cast<std::size_t>(channel)]);
}

BackgroundFit::Integral BackgroundFit::integral(const Background& law, std::int64_t begin, std::int64_t end) const {
  Integral result;
  double along_level = 0, along_exponent = 0;
  for (std::int64_t c = begin; c < end; ++c) {
    const double value = at(law, c);
    along_level += value;
    along_exponent -= value * regressor_[static_cast<std::size_t>(c)];
  }
  result.value = along_level;
  result.variance = along_level * along_level * law.variance[0] + 2.0 * along_level * along_exponent * law.variance[1] +
                    along_exponent * along_exponent * law.variance[2];
  return result;
}

}  // namespace ruska::ops::eels
