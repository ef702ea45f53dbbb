// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ruska::math {

/// Eigenvalues of a symmetric matrix, falling, and the eigenvectors of the largest ones.
struct SymmetricEigen {
  std::vector<double> values;   ///< all n
  std::vector<double> vectors;  ///< one row of n numbers per vector, orthonormal
};

/// Solves by tridiagonal reduction and relatively robust representations (LAPACK dsytrd, dsterf, dstemr, dormtr);
/// 4/3 n³ flops. `matrix` is n × n in C order, only its upper triangle is read; it is overwritten.
/// Throws internal when LAPACK fails.
SymmetricEigen symmetric_eigen_in_place(std::span<double> matrix, std::size_t n, std::size_t vectors);
SymmetricEigen symmetric_eigen(std::vector<double>&& matrix, std::size_t n, std::size_t vectors);

}  // namespace ruska::math
