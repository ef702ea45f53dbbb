// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/joint_diagonalisation.hpp"

#include <cmath>

#include "ruska/base/error.hpp"

namespace ruska::math {

JointDiagonalisation joint_diagonalisation(std::vector<double> matrices, std::size_t n, double angle, int most_sweeps) {
  if (n == 0 || matrices.empty() || matrices.size() % (n * n) != 0) {
    throw Error(ErrorKind::internal, "the matrices to diagonalise are no n × n matrices");
  }
  const std::size_t count = matrices.size() / (n * n);
  JointDiagonalisation result;
  result.rotation.assign(n * n, 0.0);
  for (std::size_t k = 0; k < n; ++k) result.rotation[k * n + k] = 1;

  bool turned = true;
  while (turned && result.sweeps < most_sweeps) {
    turned = false;
    ++result.sweeps;
    for (std::size_t p = 0; p + 1 < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        // The best rotation of this plane: the leading eigenvector of Σ h hᵀ with h = (m_pp − m_qq, m_pq + m_qp).
        double on = 0, off = 0;
        for (std::size_t m = 0; m < count; ++m) {
          const double* const one = matrices.data() + m * n * n;
          const double difference = one[p * n + p] - one[q * n + q], sum = one[p * n + q] + one[q * n + p];
          on += difference * difference - sum * sum;
          off += 2 * difference * sum;
        }
        const double theta = 0.5 * std::atan2(off, on + std::hypot(on, off));
        if (!(std::abs(theta) > angle)) continue;
        turned = true;
        const double c = std::cos(theta), s = std::sin(theta);
        const auto turn = [&](double& a, double& b) {
          const double first = c * a + s * b;
          b = c * b - s * a;
          a = first;
        };
        for (std::size_t m = 0; m < count; ++m) {
          double* const one = matrices.data() + m * n * n;
          for (std::size_t i = 0; i < n; ++i) turn(one[p * n + i], one[q * n + i]);
          for (std::size_t i = 0; i < n; ++i) turn(one[i * n + p], one[i * n + q]);
        }
        for (std::size_t i = 0; i < n; ++i) turn(result.rotation[p * n + i], result.rotation[q * n + i]);
      }
    }
  }
  result.converged = !turned;
  return result;
}

}  // namespace ruska::math
