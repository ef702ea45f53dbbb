// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <numbers>

namespace ruska::ops::diffraction {

/// A vector in the plane of a pattern or of a scan: x to the right, y downward.
struct Vector {
  double x = 0, y = 0;

  double square() const { return x * x + y * y; }
};
inline Vector operator+(Vector a, Vector b) { return {a.x + b.x, a.y + b.y}; }
inline Vector operator-(Vector a, Vector b) { return {a.x - b.x, a.y - b.y}; }
inline Vector operator*(double factor, Vector v) { return {factor * v.x, factor * v.y}; }
inline Vector operator*(Vector v, double factor) { return factor * v; }
inline double length(Vector v) { return std::hypot(v.x, v.y); }

/// A linear map of the plane.
struct Matrix {
  double xx = 1, xy = 0, yx = 0, yy = 1;

  Vector operator*(Vector v) const { return {xx * v.x + xy * v.y, yx * v.x + yy * v.y}; }
  Matrix operator*(const Matrix& m) const {
    return {xx * m.xx + xy * m.yx, xx * m.xy + xy * m.yy, yx * m.xx + yy * m.yx, yx * m.xy + yy * m.yy};
  }
  Matrix inverse() const {
    const double determinant = xx * yy - xy * yx;
    return {yy / determinant, -xy / determinant, -yx / determinant, xx / determinant};
  }
  Matrix transposed() const { return {xx, yx, xy, yy}; }
};

inline constexpr double radians_per_degree = std::numbers::pi / 180;

/// Turns by an angle in degrees, counted from x towards y.
inline Matrix turn(double degrees) {
  const double c = std::cos(degrees * radians_per_degree), s = std::sin(degrees * radians_per_degree);
  return {c, -s, s, c};
}

/// Stretches by `along` in the direction `degrees`, and by `across` at right angles to it.
inline Matrix stretch(double along, double across, double degrees) {
  return turn(degrees) * Matrix{along, 0, 0, across} * turn(-degrees);
}

}  // namespace ruska::ops::diffraction
