// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/strain/deformation.hpp"

#include <cmath>
#include <numbers>

namespace ruska::ops::diffraction {

Deformation deformation_of(const Lattice& lattice, const Lattice& reference, double angle) {
  const Vector &a = lattice.g1, &b = lattice.g2, &p = reference.g1, &q = reference.g2;
  const double area = lattice.area();
  const double f00 = (b.y * p.x - a.y * q.x) / area, f01 = (b.y * p.y - a.y * q.y) / area;
  const double f10 = (a.x * q.x - b.x * p.x) / area, f11 = (a.x * q.y - b.x * p.y) / area;
  const double theta = std::atan2(f10 - f01, f00 + f11), c = std::cos(theta), s = std::sin(theta);
  const double exx = c * f00 + s * f10 - 1, eyy = c * f11 - s * f01 - 1, exy = c * f01 + s * f11;
  const double turn = angle * std::numbers::pi / 180, cc = std::cos(turn), ss = std::sin(turn);
  return {cc * cc * exx + 2 * cc * ss * exy + ss * ss * eyy, ss * ss * exx - 2 * cc * ss * exy + cc * cc * eyy,
          cc * ss * (eyy - exx) + (cc * cc - ss * ss) * exy, theta * 180 / std::numbers::pi};
}

Deformation deformation_sigma(const Lattice& lattice, const Lattice& reference, double angle,
                              const std::array<double, 9>& covariance) {
  // Derivatives by the components of g1 and g2; central differences are as exact as this needs.
  const double step = 1e-5 * lattice.spacing();
  double variance[4] = {};
  for (const Vector along : {Vector{step, 0}, Vector{0, step}}) {
    double derivative[2][4];
    for (std::size_t vector = 0; vector < 2; ++vector) {
      Lattice more = lattice, less = lattice;
      Vector& up = vector == 0 ? more.g1 : more.g2;
      Vector& down = vector == 0 ? less.g1 : less.g2;
      up = up + along;
      down = down - along;
      const Deformation high = deformation_of(more, reference, angle), low = deformation_of(less, reference, angle);
      const double difference[4] = {high.xx - low.xx, high.yy - low.yy, high.xy - low.xy,
                                    std::remainder(high.rotation - low.rotation, 360.0)};
      for (std::size_t part = 0; part < 4; ++part) derivative[vector][part] = difference[part] / (2 * step);
    }
    for (std::size_t part = 0; part < 4; ++part) {
      const double d1 = derivative[0][part], d2 = derivative[1][part];
      variance[part] += d1 * d1 * covariance[4] + 2 * d1 * d2 * covariance[5] + d2 * d2 * covariance[8];
    }
  }
  return {std::sqrt(variance[0]), std::sqrt(variance[1]), std::sqrt(variance[2]), std::sqrt(variance[3])};
}

}  // namespace ruska::ops::diffraction
