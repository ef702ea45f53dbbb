// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace ruska::math {

/// Solves A x = b for a symmetric positive definite n × n matrix in C order by Cholesky factors. False when a pivot is
/// not above 1e-13 of its diagonal element; x then means nothing. `scratch` grows to n².
bool solve_positive_definite(const double* a, const double* b, double* x, std::size_t n, std::vector<double>& scratch);

/// Diagonal of the inverse of a symmetric positive definite matrix. False as above.
bool inverse_diagonal(const double* a, double* diagonal, std::size_t n, std::vector<double>& scratch);

/// min ½ xᵀ G x − xᵀ b over x ≥ 0 by an active set (Lawson and Hanson, Solving Least Squares Problems, 1974, ch. 23),
/// exact for positive definite G; variables that are linear combinations of those in use stay 0.
class NonnegativeLeastSquares {
 public:
  /// `gram` is n × n in C order.
  NonnegativeLeastSquares(std::vector<double> gram, std::size_t n);
  /// Replaces the matrix by another of the same size.
  void set_gram(const double* gram) { gram_.assign(gram, gram + n_ * n_); }
  void solve(const double* b, double* x);

 private:
  bool solve_in_use(const double* b);

  std::vector<double> gram_;
  std::size_t n_;
  std::vector<std::size_t> in_use_;
  std::vector<double> part_, right_, solution_, scratch_;
};

}  // namespace ruska::math
