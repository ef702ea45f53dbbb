// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/symmetric_eigen.hpp"

#include <algorithm>
#include <string>

#include <lapacke.h>

#include "ruska/base/error.hpp"

namespace ruska::math {
namespace {

void require(lapack_int info, const char* routine) {
  if (info != 0) {
    throw Error(ErrorKind::internal, std::string("LAPACK ") + routine + " failed with info " + std::to_string(info));
  }
}

}  // namespace

SymmetricEigen symmetric_eigen(std::vector<double>&& matrix, std::size_t n, std::size_t vectors) {
  return symmetric_eigen_in_place(matrix, n, vectors);
}

SymmetricEigen symmetric_eigen_in_place(std::span<double> matrix, std::size_t n, std::size_t vectors) {
  SymmetricEigen result;
  if (n == 0) return result;
  vectors = std::min(vectors, n);
  const auto size = static_cast<lapack_int>(n);
  if (n == 1) return {{matrix[0]}, std::vector<double>(vectors, 1.0)};

  // The upper triangle in C order is the lower one in LAPACK's column order.
  std::vector<double> diagonal(n), off_diagonal(n), tau(n);
  require(LAPACKE_dsytrd(LAPACK_COL_MAJOR, 'L', size, matrix.data(), size, diagonal.data(), off_diagonal.data(),
                         tau.data()),
          "dsytrd");
  result.values = diagonal;
  {
    std::vector<double> copy = off_diagonal;
    require(LAPACKE_dsterf(size, result.values.data(), copy.data()), "dsterf");
  }
  std::reverse(result.values.begin(), result.values.end());
  if (vectors == 0) return result;

  std::vector<double> rising(n), z(n * vectors);
  std::vector<lapack_int> support(2 * vectors);
  lapack_int found = 0;
  lapack_logical try_relative_accuracy = 1;
  const auto wanted = static_cast<lapack_int>(vectors);
  require(
      LAPACKE_dstemr(LAPACK_COL_MAJOR, 'V', 'I', size, diagonal.data(), off_diagonal.data(), 0, 0, size - wanted + 1,
                     size, &found, rising.data(), z.data(), size, wanted, support.data(), &try_relative_accuracy),
      "dstemr");
  require(
      LAPACKE_dormtr(LAPACK_COL_MAJOR, 'L', 'L', 'N', size, wanted, matrix.data(), size, tau.data(), z.data(), size),
      "dormtr");
  result.vectors.resize(vectors * n);
  for (std::size_t k = 0; k < vectors; ++k) {
    const auto column = z.begin() + static_cast<std::ptrdiff_t>((vectors - 1 - k) * n);
    std::copy(column, column + static_cast<std::ptrdiff_t>(n),
              result.vectors.begin() + static_cast<std::ptrdiff_t>(k * n));
  }
  return result;
}

}  // namespace ruska::math
