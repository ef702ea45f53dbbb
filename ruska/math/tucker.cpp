// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/tucker.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include <cblas.h>

#include "ruska/base/error.hpp"

namespace ruska::math {
namespace {

/// A C-ordered tensor seen around one mode: before × size × after.
struct Around {
  std::size_t before = 1, size = 1, after = 1;
};

Around around(const std::vector<std::size_t>& shape, std::size_t mode) {
  Around view;
  view.size = shape[mode];
  for (std::size_t m = 0; m < mode; ++m) view.before *= shape[m];
  for (std::size_t m = mode + 1; m < shape.size(); ++m) view.after *= shape[m];
  return view;
}

Tensor multiply(const Tensor& tensor, std::size_t mode, const double* matrix, std::size_t rows, bool transposed) {
  const Around view = around(tensor.shape, mode);
  Tensor result{tensor.shape, {}};
  result.shape[mode] = rows;
  result.values.assign(view.before * rows * view.after, 0.0);
  if (result.values.empty() || view.size == 0) return result;
  const auto n = static_cast<int>(view.size), r = static_cast<int>(rows), after = static_cast<int>(view.after);
  const int leading = transposed ? r : n;
  if (view.after == 1) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, transposed ? CblasNoTrans : CblasTrans, static_cast<int>(view.before), r,
                n, 1.0, tensor.values.data(), n, matrix, leading, 0.0, result.values.data(), r);
    return result;
  }
  for (std::size_t b = 0; b < view.before; ++b) {
    cblas_dgemm(CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, r, after, n, 1.0, matrix, leading,
                tensor.values.data() + b * view.size * view.after, after, 0.0,
                result.values.data() + b * rows * view.after, after);
  }
  return result;
}

/// Flips each vector so that its element of the largest magnitude, the first of these, is positive.
void fix_signs(std::vector<double>& vectors, std::size_t length) {
  for (auto begin = vectors.begin(); begin != vectors.end(); begin += static_cast<std::ptrdiff_t>(length)) {
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    const auto largest = std::max_element(begin, end, [](double a, double b) { return std::abs(a) < std::abs(b); });
    if (*largest < 0) std::transform(begin, end, begin, [](double v) { return -v; });
  }
}

}  // namespace

double Tensor::sum_of_squares() const {
  return std::transform_reduce(values.begin(), values.end(), 0.0, std::plus<>(), [](double v) { return v * v; });
}

void require_multilinear_rank(const std::vector<std::size_t>& shape, const std::vector<std::size_t>& ranks) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorKind::invalid_argument, why); };
  if (ranks.size() != shape.size()) {
    refuse(std::to_string(ranks.size()) + " ranks were given, and the tensor has " + std::to_string(shape.size()) +
           " modes; give one rank per mode");
  }
  for (std::size_t k = 0; k < shape.size(); ++k) {
    std::size_t others = 1;
    for (std::size_t j = 0; j < shape.size(); ++j) {
      if (j != k) others = std::min<std::size_t>(others * ranks[j], std::size_t{1} << 40);
    }
    if (ranks[k] < 1 || ranks[k] > shape[k] || ranks[k] > others) {
      refuse("the rank of mode " + std::to_string(k + 1) + " is " + std::to_string(ranks[k]) +
             ", and must lie between 1 and " + std::to_string(std::min(shape[k], others)) + ": the mode's length is " +
             std::to_string(shape[k]) + ", the product of the other ranks " + std::to_string(others));
    }
  }
}

Tensor mode_product(const Tensor& tensor, std::size_t mode, std::span<const double> matrix, std::size_t rows) {
  return multiply(tensor, mode, matrix.data(), rows, false);
}

Tensor mode_product_transposed(const Tensor& tensor, std::size_t mode, std::span<const double> matrix,
                               std::size_t columns) {
  return multiply(tensor, mode, matrix.data(), columns, true);
}

std::vector<double> mode_gram(const Tensor& tensor, std::size_t mode) {
  const Around view = around(tensor.shape, mode);
  std::vector<double> gram(view.size * view.size, 0.0);
  if (tensor.values.empty()) return gram;
  const auto n = static_cast<int>(view.size), after = static_cast<int>(view.after);
  if (view.after == 1) {
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, n, static_cast<int>(view.before), 1.0, tensor.values.data(), n,
                0.0, gram.data(), n);
    return gram;
  }
  for (std::size_t b = 0; b < view.before; ++b) {
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, n, after, 1.0,
                tensor.values.data() + b * view.size * view.after, after, 1.0, gram.data(), n);
  }
  return gram;
}

LeftVectors left_vectors(const Tensor& tensor, std::size_t mode, std::size_t count) {
  const std::size_t n = tensor.shape[mode];
  SymmetricEigen eigen = symmetric_eigen(mode_gram(tensor, mode), n, std::min(count, n));
  for (double& value : eigen.values) value = std::sqrt(std::max(0.0, value));
  fix_signs(eigen.vectors, n);
  return {std::move(eigen.values), std::move(eigen.vectors)};
}

Tucker sequential_hosvd(const Tensor& tensor, const std::vector<std::size_t>& ranks) {
  Tucker result{tensor, {}};
  for (std::size_t k = 0; k < tensor.shape.size(); ++k) {
    result.factors.push_back(left_vectors(result.core, k, ranks[k]).vectors);
    result.core = mode_product(result.core, k, result.factors[k], ranks[k]);
  }
  return result;
}

Tensor project_except(const Tensor& tensor, const std::vector<std::vector<double>>& factors,
                      const std::vector<std::size_t>& ranks, std::size_t kept) {
  Tensor projected;
  const Tensor* from = &tensor;
  for (std::size_t j = 0; j < factors.size(); ++j) {
    if (j == kept) continue;
    const std::size_t n = from->shape[j];
    projected = mode_product(*from, j, std::span(factors[j]).first(ranks[j] * n), ranks[j]);
    from = &projected;
  }
  return from == &tensor ? tensor : projected;
}

OrthogonalIteration orthogonal_iteration(const Tensor& tensor, std::vector<std::vector<double>> factors,
                                         const std::vector<std::size_t>& ranks, double tolerance, int most_sweeps) {
  OrthogonalIteration result;
  const std::size_t modes = tensor.shape.size();
  for (int sweep = 0; sweep < most_sweeps && !result.converged; ++sweep) {
    Tensor projected;
    for (std::size_t k = 0; k < modes; ++k) {
      projected = project_except(tensor, factors, ranks, k);
      factors[k] = left_vectors(projected, k, ranks[k]).vectors;
    }
    result.tucker.core = mode_product(projected, modes - 1, factors[modes - 1], ranks[modes - 1]);
    result.captured.push_back(result.tucker.core.sum_of_squares());
    const std::size_t last = result.captured.size() - 1;
    result.converged =
        last > 0 && result.captured[last] - result.captured[last - 1] <= tolerance * result.captured[last];
  }
  result.tucker.factors = std::move(factors);
  return result;
}

Tensor reconstruct(const Tucker& tucker) {
  Tensor tensor = tucker.core;
  for (std::size_t k = 0; k < tucker.factors.size(); ++k) {
    const std::size_t rank = tucker.core.shape[k];
    tensor = mode_product_transposed(tensor, k, tucker.factors[k], tucker.factors[k].size() / rank);
  }
  return tensor;
}

}  // namespace ruska::math
