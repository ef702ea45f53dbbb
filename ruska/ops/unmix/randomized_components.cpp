// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Block Lanczos with full reorthogonalisation. With Q = (Q₀ Q₁ …) the orthonormal blocks so far, QᵀXᵀX Q is the matrix
// in their space; its eigenvectors Y give V = Q Y. Tables are channels × width.
#include "ruska/ops/unmix/randomized_components.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <cblas.h>

#include "ruska/base/random.hpp"
#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/symmetric_eigen.hpp"
#include "ruska/ops/unmix/matrix_products.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::int64_t spare_columns = 4;  // of the block, beyond those asked
constexpr int most_passes = 20;
constexpr double enough = 5e-4;  // of what the components leave: what another pass may still explain

std::int64_t block_width(std::int64_t rows, std::int64_t columns, std::int64_t vectors) {
  const auto padded =
      static_cast<std::int64_t>(kernels::padded_width(static_cast<std::size_t>(vectors + spare_columns)));
  return std::max<std::int64_t>(1, std::min({padded, rows, columns}));
}

/// A basis that grows by blocks, and XᵀX projected on it; columns of matrices in Fortran order, channels long.
class KrylovSpace {
 public:
  explicit KrylovSpace(std::size_t channels) : channels_(channels) {}

  /// The next block: what of `block` (channels × width in C order) is not yet in the space, orthonormal. Returns the
  /// number of its columns, fewer than `width` where the space is exhausted.
  std::size_t extend(const std::vector<double>& block, std::size_t width) {
    std::vector<double> fresh(channels_ * width);
    double largest = 0;
    for (std::size_t k = 0; k < width; ++k) {
      for (std::size_t c = 0; c < channels_; ++c) fresh[k * channels_ + c] = block[c * width + k];
      largest = std::max(largest, cblas_dnrm2(n(), fresh.data() + k * channels_, 1));
    }
    const double lost = rounding * largest;
    std::size_t added = 0;
    for (std::size_t k = 0; k < width; ++k) {
      double* column = fresh.data() + k * channels_;
      // Twice is enough (Giraud et al., Numer. Math. 101, 87 (2005)).
      orthogonalise(column);
      if (cblas_dnrm2(n(), column, 1) <= lost) continue;
      cblas_dscal(n(), 1 / cblas_dnrm2(n(), column, 1), column, 1);
      orthogonalise(column);
      cblas_dscal(n(), 1 / cblas_dnrm2(n(), column, 1), column, 1);
      basis_.insert(basis_.end(), column, column + channels_);
      ++added;
    }
    return added;
  }

  /// The last `count` columns as a table of channels × width.
  std::vector<double> last(std::size_t count, std::size_t width) const {
    std::vector<double> table(channels_ * width, 0.0);
    const double* first = basis_.data() + (size() - count) * channels_;
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t c = 0; c < channels_; ++c) table[c * width + k] = first[k * channels_ + c];
    }
    return table;
  }

  /// Takes XᵀX times the last `count` columns, and projects it on the space: the matrix there gains as many columns.
  void take_products(const std::vector<double>& table, std::size_t count, std::size_t width) {
    std::vector<double> along(size() * width);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(size()), static_cast<int>(width), n(), 1.0,
                basis_.data(), n(), table.data(), static_cast<int>(width), 0.0, along.data(), static_cast<int>(width));
    for (std::size_t k = 0; k < count; ++k) {
      std::vector<double>& column = projected_.emplace_back(size());
      for (std::size_t i = 0; i < size(); ++i) column[i] = along[i * width + k];
    }
  }

  /// Eigenvalues in the space, falling, and the leading vectors in it.
  math::SymmetricEigen solve(std::size_t vectors) const {
    const std::size_t size = this->size();
    std::vector<double> upper(size * size, 0.0);
    for (std::size_t j = 0; j < size; ++j) {
      for (std::size_t i = 0; i <= j; ++i) upper[i * size + j] = projected_[j][i];
    }
    return math::symmetric_eigen(std::move(upper), size, std::min(vectors, size));
  }

  /// Vectors of the space as vectors of channels, one row each.
  std::vector<double> in_channels(const std::vector<double>& vectors, std::size_t count) const {
    std::vector<double> rows(count * channels_);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(count), n(), static_cast<int>(size()), 1.0,
                vectors.data(), static_cast<int>(size()), basis_.data(), n(), 0.0, rows.data(), n());
    return rows;
  }

  std::size_t size() const { return basis_.size() / channels_; }

 private:
  static constexpr double rounding = 1e-12;  // of the longest column: less of a column than this is rounding

  int n() const { return static_cast<int>(channels_); }

  void orthogonalise(double* column) const {
    if (basis_.empty()) return;
    const int size = static_cast<int>(this->size());
    std::vector<double> along(this->size());
    cblas_dgemv(CblasColMajor, CblasTrans, n(), size, 1.0, basis_.data(), n(), column, 1, 0.0, along.data(), 1);
    cblas_dgemv(CblasColMajor, CblasNoTrans, n(), size, -1.0, basis_.data(), n(), along.data(), 1, 1.0, column, 1);
  }

  std::size_t channels_;
  std::vector<double> basis_;
  std::vector<std::vector<double>> projected_;  ///< columns of QᵀXᵀX Q, down to the diagonal at least
};

/// The vectors to start from and, beside them, random ones on the channels in use.
std::vector<double> first_block(const WeightedMatrix& matrix, const std::vector<double>& start, std::size_t width,
                                std::int64_t seed) {
  const std::size_t channels = matrix.column_weight.size();
  std::vector<double> block(channels * width, 0.0);
  for (std::size_t c = 0; c < channels; ++c) {
    if (matrix.column_weight[c] == 0) continue;
    Random random(static_cast<std::uint64_t>(seed), "randomized_components", c);
    for (std::size_t k = 0; k < width; ++k) {
      block[c * width + k] = k < start.size() / channels ? start[k * channels + c] : random.normal();
    }
  }
  return block;
}

}  // namespace

LeadingComponents randomized_components(const WeightedMatrix& matrix, std::int64_t vectors,
                                        const std::vector<double>& start, std::int64_t seed, Context& context) {
  const auto channels = static_cast<std::size_t>(matrix.data.columns());
  const auto asked = static_cast<std::size_t>(vectors);
  const std::int64_t used_rows = matrix.used_rows(), used_columns = matrix.used_columns();
  const auto known = static_cast<std::size_t>(std::min({vectors + 1, used_rows, used_columns}));
  LeadingComponents result;
  result.vectors.assign(asked * channels, 0.0);
  if (known == 0) return result;

  const auto block = static_cast<std::size_t>(block_width(used_rows, used_columns, vectors));
  const std::size_t width = kernels::padded_width(block);
  KrylovSpace space(channels);
  std::size_t added = space.extend(first_block(matrix, start, block, seed), block);
  math::SymmetricEigen eigen;
  double explained = 0;
  bool converged = false;
  for (int pass = 0; pass < most_passes && !converged; ++pass) {
    const GramProduct image = gram_times(matrix, space.last(added, width), width, pass == 0,
                                         "searching components, pass " + std::to_string(pass + 1), context);
    if (pass == 0) {
      result.total_sum_of_squares = image.total_sum_of_squares;
      result.mean_poisson_variance = image.mean_poisson_variance;
    }
    space.take_products(image.product, added, width);
    eigen = space.solve(known);
    double sum = 0;
    for (std::size_t k = 0; k < std::min(asked, eigen.values.size()); ++k) sum += std::max(0.0, eigen.values[k]);
    converged = pass > 0 && sum - explained <= enough * std::max(0.0, result.total_sum_of_squares - sum);
    explained = sum;
    if (converged) break;
    added = space.extend(image.product, width);
    converged = added == 0;  // the space holds all that the matrix makes of it
  }
  if (!converged) {
    context.not_converged("the randomised search still gained after " + std::to_string(most_passes) +
                          " passes; use svd_solver full");
  }

  const double rounding = static_cast<double>(std::min(used_rows, used_columns)) *
                          std::numeric_limits<double>::epsilon() * std::max(0.0, eigen.values.front());
  result.singular_values.assign(known, 0.0);
  for (std::size_t k = 0; k < std::min(known, eigen.values.size()); ++k) {
    if (eigen.values[k] > rounding) result.singular_values[k] = std::sqrt(eigen.values[k]);
  }
  const auto real = static_cast<std::size_t>(
      std::count_if(result.singular_values.begin(),
                    result.singular_values.begin() + static_cast<std::ptrdiff_t>(std::min(asked, known)),
                    [](double value) { return value > 0; }));
  const std::vector<double> found = space.in_channels(eigen.vectors, real);
  std::copy(found.begin(), found.end(), result.vectors.begin());
  return result;
}

std::int64_t randomized_components_memory(std::int64_t rows, std::int64_t columns, std::int64_t vectors) {
  const std::int64_t width = block_width(rows, columns, vectors) + static_cast<std::int64_t>(kernels::table_padding);
  const std::int64_t held = std::min<std::int64_t>(columns, width * most_passes);
  // The space, which doubles while it grows; blocks on their way and up the tree; the matrix in the space.
  return 8 * (3 * held * columns + 10 * width * columns + 4 * held * held + vectors * columns);
}

std::int64_t randomized_components_memory_per_worker(std::int64_t rows, std::int64_t columns, std::int64_t vectors) {
  const std::int64_t width = block_width(rows, columns, vectors) + static_cast<std::int64_t>(kernels::table_padding);
  return gram_times_memory_per_worker(columns, static_cast<std::size_t>(width));
}

}  // namespace ruska::ops::unmix
