// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Cost: 4 m n q multiply-adds per pass for q vectors, where the Gram matrix takes m n²/2 and its eigenvectors 4/3 n³.
#include "ruska/ops/unmix/nmf/start_components.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>
#include <cblas.h>

#include "ruska/base/random.hpp"
#include "ruska/ops/unmix/weighted_matrix.hpp"

namespace ruska::ops::unmix {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::int64_t spare_vectors = 5;     // they carry what lies between the components and the rest
constexpr std::int64_t least_per_vector = 8;  // rows and columns for each vector; below, the Gram matrix is as cheap
constexpr int most_passes = 8;
constexpr double accurate = 1e-3;  // radians

/// Xᵀ X V, channels × vectors. Empty where some rows are sparse.
std::optional<RowMajor> gram_times(const WeightedMatrix& matrix, const RowMajor& vectors, Context& context) {
  const auto columns = static_cast<int>(vectors.rows()), count = static_cast<int>(vectors.cols());
  const auto size = static_cast<std::size_t>(vectors.size());
  const std::vector<double> sums = Executor(context).reduce<std::vector<double>>(
      "searching components", matrix.data.partitions(), [&] { return std::vector<double>(size + 1, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = matrix.data.block(partition);
        if (block->sparse) {
          partial[size] = 1;
          return;
        }
        const auto rows = static_cast<int>(range.size());
        std::vector<double> products(static_cast<std::size_t>(rows) * static_cast<std::size_t>(count));
        const double* values = block->dense.data();
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, count, columns, 1.0, values, columns,
                    vectors.data(), count, 0.0, products.data(), count);
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, columns, count, rows, 1.0, values, columns,
                    products.data(), count, 1.0, partial.data(), count);
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
  if (sums[size] > 0) return {};
  return Eigen::Map<const RowMajor>(sums.data(), vectors.rows(), vectors.cols());
}

RowMajor orthonormal(const RowMajor& vectors) {
  const Eigen::HouseholderQR<RowMajor> qr(vectors);
  return qr.householderQ() * RowMajor::Identity(vectors.rows(), vectors.cols());
}

}  // namespace

std::optional<PcaResult> start_components(const Rows& data, const Marginals& sums, std::int64_t components,
                                          std::int64_t seed, Context& context) {
  const std::int64_t count = components + spare_vectors, limit = std::min(sums.rows_left_in, sums.columns_left_in);
  if (limit < least_per_vector * count) return {};
  PcaResult result;
  for (std::int64_t r = 0; r < data.rows(); ++r) result.row_weight.push_back(data.row_masked(r) ? 0 : 1);
  for (std::int64_t c = 0; c < data.columns(); ++c) result.column_weight.push_back(data.column_masked(c) ? 0 : 1);
  const WeightedMatrix matrix{data, result.row_weight, result.column_weight};

  RowMajor vectors(data.columns(), count);
  for (Eigen::Index i = 0; i < vectors.size(); ++i) {
    const auto element = static_cast<std::uint64_t>(i);
    vectors.data()[i] = Random(static_cast<std::uint64_t>(seed), "start components", element).normal();
  }
  vectors = orthonormal(vectors);
  bool found = false;
  for (int pass = 0; pass < most_passes && !found; ++pass) {
    const std::optional<RowMajor> products = gram_times(matrix, vectors, context);
    if (!products) return {};
    const RowMajor& image = *products;
    const RowMajor small = vectors.transpose() * image;
    const Eigen::SelfAdjointEigenSolver<RowMajor> solver((small + small.transpose()) / 2);
    if (solver.info() != Eigen::Success) return {};
    // Falling.
    const Eigen::VectorXd values = solver.eigenvalues().reverse();
    const RowMajor turn = solver.eigenvectors().rowwise().reverse();
    const RowMajor turned = vectors * turn, next = image * turn;
    found = true;
    for (Eigen::Index k = 0; k < components; ++k) {
      const double residual = (next.col(k) - values(k) * turned.col(k)).norm();
      found = found && residual < accurate * (values(k) - values(count - 1));
    }
    vectors = orthonormal(next);
    for (Eigen::Index k = 0; k < components && found; ++k) {
      result.singular_values.push_back(std::sqrt(std::max(0.0, values(k))));
    }
  }
  if (!found) return {};

  result.components = components;
  for (Eigen::Index k = 0; k < components; ++k) {
    for (Eigen::Index c = 0; c < data.columns(); ++c) {
      // Masked channels are zero but for rounding.
      result.factors.push_back(result.column_weight[static_cast<std::size_t>(c)] * vectors(c, k));
    }
  }
  result.loadings = project(matrix, result.factors, components, context);
  for (std::size_t i = 0; i < result.loadings.size(); ++i) {
    if (data.row_masked(static_cast<std::int64_t>(i) / components)) {
      result.loadings[i] = std::numeric_limits<double>::quiet_NaN();
    }
  }
  result.marginals = sums;
  return result;
}

}  // namespace ruska::ops::unmix
