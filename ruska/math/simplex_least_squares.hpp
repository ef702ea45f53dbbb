// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ruska::math {

/// min ½ xᵀ G x − xᵀ b over x ≥ 0, Σ x = 1 by an active set, exact for positive definite G: the fully constrained least
/// squares of Heinz and Chang, IEEE Trans. Geosci. Remote Sens. 39, 529 (2001), without their penalty on the sum.
class SimplexLeastSquares {
 public:
  /// `gram` is n × n in C order, n ≥ 1.
  SimplexLeastSquares(std::vector<double> gram, std::size_t n);
  /// Replaces the matrix by another of the same size.
  void set_gram(const double* gram) { gram_.assign(gram, gram + n_ * n_); }
  void solve(const double* b, double* x);
  /// The same minimum, from the x ≥ 0 with sum 1 that is given: sooner where the same variables are 0.
  void improve(const double* b, double* x);

 private:
  bool solve_in_use(const double* b);
  bool move_in_use(const double* b, double* x);

  std::vector<double> gram_;
  std::size_t n_;
  std::vector<std::size_t> in_use_;
  std::vector<std::uint8_t> useless_;
  std::vector<double> slope_, part_, right_, solution_, scratch_;
};

}  // namespace ruska::math
