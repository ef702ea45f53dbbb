// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/rotation/field_rotation.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "ruska/math/fourier.hpp"

namespace ruska::ops::diffraction {
namespace {

using Complex = std::complex<double>;

/// Under a Hann window, values at neighbouring k hang together over two steps.
constexpr std::int64_t reach = 2;

std::vector<double> hann(std::int64_t size) {
  std::vector<double> window;
  for (std::int64_t i = 0; i < size; ++i) {
    window.push_back(0.5 -
                     0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(size)));
  }
  return window;
}

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

FieldRotation rotation_of_field(std::span<const double> x, std::span<const double> y, std::int64_t rows,
                                std::int64_t columns, double step_y, double step_x) {
  // One complex transform holds both components: v = x + i y.
  const std::vector<double> window_y = hann(rows), window_x = hann(columns);
  const double mean_x = mean_of(x), mean_y = mean_of(y);
  const ComplexFourier<double> fourier({rows, columns});
  FourierBuffer<Complex> field(rows * columns);
  for (std::int64_t i = 0; i < rows * columns; ++i) {
    const double window =
        window_y[static_cast<std::size_t>(i / columns)] * window_x[static_cast<std::size_t>(i % columns)];
    field[i] = window * Complex(x[static_cast<std::size_t>(i)] - mean_x, y[static_cast<std::size_t>(i)] - mean_y);
  }
  fourier.run(Direction::forward, field, field);

  struct Term {
    double longitudinal = 0, transverse = 0, cross = 0;  // |L|², |T|², Re L*T
  };
  std::vector<Term> terms(static_cast<std::size_t>(rows * columns));
  double longitudinal = 0, transverse = 0, cross = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      const std::int64_t i_back = (rows - i) % rows, j_back = (columns - j) % columns;
      const std::int64_t here = i * columns + j, back = i_back * columns + j_back;
      if (back <= here) continue;                       // half of the plane says all; also leaves k = 0 out
      if (2 * i == rows || 2 * j == columns) continue;  // its direction is ambiguous
      const Complex forth = field[here], reverse = std::conj(field[back]);
      const Complex u = 0.5 * (forth + reverse), v = Complex(0, -0.5) * (forth - reverse);
      double kx = fourier_frequency(j, columns) / step_x, ky = fourier_frequency(i, rows) / step_y;
      const double k = std::hypot(kx, ky);
      kx /= k;
      ky /= k;
      const Complex l = kx * u + ky * v, t = kx * v - ky * u;
      const Term term{std::norm(l), std::norm(t), (std::conj(l) * t).real()};
      terms[static_cast<std::size_t>(here)] = terms[static_cast<std::size_t>(back)] = term;
      longitudinal += term.longitudinal;
      transverse += term.transverse;
      cross += term.cross;
    }
  }
  FieldRotation result;
  const double power = longitudinal + transverse;
  if (!(power > 0)) {
    result.sigma = 52;  // of an angle that is any in 180°
    result.transverse_share = 0.5;
    result.share_at.assign(181, 0.5);
    return result;
  }
  const double difference = longitudinal - transverse, depth = std::hypot(difference, 2 * cross);
  const double theta = 0.5 * std::atan2(-2 * cross, difference);
  result.angle = theta * 180 / std::numbers::pi;
  if (result.angle <= -90) result.angle += 180;
  result.transverse_share = 0.5 - 0.5 * depth / power;
  for (int degrees = -90; degrees <= 90; ++degrees) {
    const double twice = 2 * degrees * std::numbers::pi / 180;
    result.share_at.push_back(0.5 - 0.5 * (difference * std::cos(twice) - 2 * cross * std::sin(twice)) / power);
  }
  const double c = std::cos(2 * theta), s = std::sin(2 * theta);
  // d/dθ of |T cos θ + L sin θ|² at every k; its sum is zero, and the sum's variance is that of its terms with their
  // neighbours: all within reach alike, or, where that comes out smaller, weighted as a triangle, which cannot be
  // negative. Over the whole plane each k stands twice.
  std::vector<double> slopes;
  slopes.reserve(terms.size());
  for (const Term& term : terms) slopes.push_back((term.longitudinal - term.transverse) * s + 2 * term.cross * c);
  double alike = 0, triangle = 0;
  for (std::int64_t di = -reach; di <= reach; ++di) {
    for (std::int64_t dj = -reach; dj <= reach; ++dj) {
      double sum = 0;
      for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t other = (i + di + rows) % rows;
        for (std::int64_t j = 0; j < columns; ++j) {
          sum += slopes[static_cast<std::size_t>(i * columns + j)] *
                 slopes[static_cast<std::size_t>(other * columns + (j + dj + columns) % columns)];
        }
      }
      const auto fall = [](std::int64_t lag) {
        return 1 - std::abs(static_cast<double>(lag)) / static_cast<double>(reach + 1);
      };
      alike += 0.5 * sum;
      triangle += 0.5 * fall(di) * fall(dj) * sum;
    }
  }
  const double variance = std::max({alike, triangle, 0.0});
  const double second = 2 * depth;
  const double sigma = second > 0 ? std::sqrt(variance) / second * 180 / std::numbers::pi : 52;
  result.sigma = std::min(sigma, 52.0);
  return result;
}

}  // namespace ruska::ops::diffraction
