// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ruska/math/symmetric_eigen.hpp"

// Multilinear algebra after Kolda and Bader, SIAM Rev. 51, 455 (2009). A mode is an axis of a tensor; the unfolding of
// mode k is the matrix of n_k rows whose columns run over all other modes.
namespace ruska::math {

/// A dense array of any number of modes, values in C order.
struct Tensor {
  std::vector<std::size_t> shape;
  std::vector<double> values;

  double sum_of_squares() const;
};

/// core ×₁ factors[0]ᵀ ×₂ factors[1]ᵀ …; factors[k] has one row of n_k numbers per component of mode k.
struct Tucker {
  Tensor core;
  std::vector<std::vector<double>> factors;
};

/// Throws invalid_argument unless there is one rank R_k per mode with 1 ≤ R_k ≤ n_k and R_k ≤ ∏_{j≠k} R_j.
void require_multilinear_rank(const std::vector<std::size_t>& shape, const std::vector<std::size_t>& ranks);

/// The tensor with mode `mode` replaced by `rows` products with the rows of `matrix` (rows × n_mode, C order).
Tensor mode_product(const Tensor& tensor, std::size_t mode, std::span<const double> matrix, std::size_t rows);

/// The same with the transpose of `matrix` (n_mode × columns, C order).
Tensor mode_product_transposed(const Tensor& tensor, std::size_t mode, std::span<const double> matrix,
                               std::size_t columns);

/// The upper triangle of the n × n Gram matrix of the unfolding of a mode, C order.
std::vector<double> mode_gram(const Tensor& tensor, std::size_t mode);

/// Left singular vectors of the unfolding of a mode, one row each, largest first, and all its n singular values.
/// Singular values below 1e-8 of the largest drown in rounding. The element of the largest magnitude is positive.
struct LeftVectors {
  std::vector<double> singular_values;
  std::vector<double> vectors;
};
LeftVectors left_vectors(const Tensor& tensor, std::size_t mode, std::size_t count);

/// Sequentially truncated higher-order singular value decomposition, Vannieuwenhoven et al., SIAM J. Sci. Comput. 34,
/// A1027 (2012); modes in order. Factors are orthonormal.
Tucker sequential_hosvd(const Tensor& tensor, const std::vector<std::size_t>& ranks);

/// Higher-order orthogonal iteration, De Lathauwer et al., SIAM J. Matrix Anal. Appl. 21, 1324 (2000): improves
/// orthonormal factors of the given ranks until a sweep captures less than `tolerance` more of the captured norm.
struct OrthogonalIteration {
  Tucker tucker;
  std::vector<double> captured;  ///< ‖core‖² after each sweep
  bool converged = false;
};
OrthogonalIteration orthogonal_iteration(const Tensor& tensor, std::vector<std::vector<double>> factors,
                                         const std::vector<std::size_t>& ranks, double tolerance, int most_sweeps);

/// The tensor projected on the factors of all modes but one; the factor of mode k has ranks[k] rows.
Tensor project_except(const Tensor& tensor, const std::vector<std::vector<double>>& factors,
                      const std::vector<std::size_t>& ranks, std::size_t kept);

Tensor reconstruct(const Tucker& tucker);

}  // namespace ruska::math
