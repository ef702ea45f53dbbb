// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace ruska::math {

/// An orthonormal matrix that makes several symmetric matrices as diagonal as one matrix can.
struct JointDiagonalisation {
  std::vector<double> rotation;  ///< n × n, C order; row k is the k-th common axis: rotation · M · rotationᵀ
  int sweeps = 0;
  bool converged = false;
};

/// Jacobi rotations over all pairs of axes, until no angle of a sweep exceeds `angle` radians; Cardoso and Souloumiac,
/// SIAM J. Matrix Anal. Appl. 17, 161 (1996). `matrices`: one or more n × n symmetric matrices in C order, one after
/// the other. 4 n³ multiply-adds per matrix and sweep. Throws internal when their size is not a multiple of n².
JointDiagonalisation joint_diagonalisation(std::vector<double> matrices, std::size_t n, double angle, int most_sweeps);

}  // namespace ruska::math
