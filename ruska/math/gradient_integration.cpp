// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/gradient_integration.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "ruska/math/fourier.hpp"

namespace ruska {
namespace {

using Complex = std::complex<double>;

/// A grid that is larger by the mirror images, with a transform over it.
class Grid {
 public:
  explicit Grid(const GradientIntegration& settings)
      : settings_(settings),
        rows_(settings.rows * (settings.mirrored ? 2 : 1)),
        columns_(settings.columns * (settings.mirrored ? 2 : 1)),
        fourier_({rows_, columns_}) {}

  /// Values with their mirror images, which change sign across a border where asked to.
  FourierBuffer<Complex> spread(std::span<const double> values, bool odd_across_columns, bool odd_across_rows) const {
    FourierBuffer<Complex> out(rows_ * columns_);
    for (std::int64_t y = 0; y < rows_; ++y) {
      const bool below = y >= settings_.rows;
      const std::int64_t from_y = below ? 2 * settings_.rows - 1 - y : y;
      for (std::int64_t x = 0; x < columns_; ++x) {
        const bool beyond = x >= settings_.columns;
        const std::int64_t from_x = beyond ? 2 * settings_.columns - 1 - x : x;
        const bool minus = (beyond && odd_across_columns) != (below && odd_across_rows);
        const double value = values[static_cast<std::size_t>(from_y * settings_.columns + from_x)];
        out[y * columns_ + x] = minus ? -value : value;
      }
    }
    return out;
  }
  void forward(FourierBuffer<Complex>& values) const { fourier_.run(Direction::forward, values, values); }
  void backward(FourierBuffer<Complex>& values) const { fourier_.run(Direction::backward, values, values); }
  std::vector<double> middle(const FourierBuffer<Complex>& values) const {
    std::vector<double> out;
    out.reserve(static_cast<std::size_t>(settings_.rows * settings_.columns));
    const auto size = static_cast<double>(values.size());
    for (std::int64_t y = 0; y < settings_.rows; ++y) {
      for (std::int64_t x = 0; x < settings_.columns; ++x) out.push_back(values[y * columns_ + x].real() / size);
    }
    return out;
  }
  /// Calls `use(index, factor_x, factor_y)`: what the transforms of the gradient are multiplied by.
  template <class Use>
  void for_each_factor(const Use& use) const {
    for (std::int64_t y = 0; y < rows_; ++y) {
      const double ky = frequency(y, rows_) / settings_.step_y;
      for (std::int64_t x = 0; x < columns_; ++x) {
        const double kx = frequency(x, columns_) / settings_.step_x, square = kx * kx + ky * ky;
        const double weight =
            square > 0 ? 1 / (2 * std::numbers::pi * (square + settings_.high_pass * settings_.high_pass)) : 0;
        use(y * columns_ + x, Complex(0, -kx * weight), Complex(0, -ky * weight));
      }
    }
  }
  std::int64_t size() const { return rows_ * columns_; }

 private:
  /// A wave of two samples per period has no gradient at its samples.
  static double frequency(std::int64_t index, std::int64_t size) {
    return 2 * index == size ? 0 : fourier_frequency(index, size);
  }

  const GradientIntegration& settings_;
  std::int64_t rows_, columns_;
  ComplexFourier<double> fourier_;
};

}  // namespace

std::vector<double> GradientIntegration::integrate(std::span<const double> gradient_x,
                                                   std::span<const double> gradient_y) const {
  const Grid grid(*this);
  auto x = grid.spread(gradient_x, true, false), y = grid.spread(gradient_y, false, true);
  grid.forward(x);
  grid.forward(y);
  grid.for_each_factor([&](std::int64_t i, Complex fx, Complex fy) { x[i] = fx * x[i] + fy * y[i]; });
  grid.backward(x);
  return grid.middle(x);
}

std::vector<double> GradientIntegration::variance(std::span<const double> variance_x,
                                                  std::span<const double> variance_y,
                                                  std::span<const double> covariance) const {
  const Grid grid(*this);
  // The answer to a unit gradient at one place; its square spreads the variances.
  FourierBuffer<Complex> response_x(grid.size()), response_y(grid.size());
  grid.for_each_factor([&](std::int64_t i, Complex fx, Complex fy) {
    response_x[i] = fx;
    response_y[i] = fy;
  });
  grid.backward(response_x);
  grid.backward(response_y);
  const auto size = static_cast<double>(grid.size());
  FourierBuffer<Complex> sum(grid.size());
  std::fill(sum.values().begin(), sum.values().end(), Complex{});
  const auto add = [&](std::span<const double> values, bool odd, const auto& product) {
    auto spread = grid.spread(values, odd, odd);
    FourierBuffer<Complex> kernel(grid.size());
    for (std::int64_t i = 0; i < grid.size(); ++i) {
      kernel[i] = product(response_x[i].real() / size, response_y[i].real() / size);
    }
    grid.forward(spread);
    grid.forward(kernel);
    for (std::int64_t i = 0; i < grid.size(); ++i) sum[i] += spread[i] * kernel[i];
  };
  add(variance_x, false, [](double x, double) { return x * x; });
  add(variance_y, false, [](double, double y) { return y * y; });
  add(covariance, true, [](double x, double y) { return 2 * x * y; });
  grid.backward(sum);
  std::vector<double> variances = grid.middle(sum);
  for (double& one : variances) one = std::max(0.0, one);
  return variances;
}

std::int64_t GradientIntegration::bytes_held() const {
  return 5 * 16 * rows * columns * (mirrored ? 4 : 1) + 8 * rows * columns;
}

}  // namespace ruska
