// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/tucker.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"
#include "ruska/math/noise_edge.hpp"

namespace ruska::math {
namespace {

using Sizes = std::vector<std::size_t>;

Tensor random_tensor(const Sizes& shape, std::uint64_t seed) {
  Tensor tensor{shape,
                std::vector<double>(std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>()))};
  for (std::size_t i = 0; i < tensor.values.size(); ++i) tensor.values[i] = Random(seed, "tensor", i).normal();
  return tensor;
}

Tensor low_rank(const Sizes& shape, const Sizes& ranks, std::uint64_t seed) {
  Tucker tucker{random_tensor(ranks, seed), {}};
  for (std::size_t k = 0; k < shape.size(); ++k) {
    tucker.factors.push_back(random_tensor({ranks[k], shape[k]}, seed + 1 + k).values);
  }
  return reconstruct(tucker);
}

/// The tensor with its modes in another order: mode k of the result is mode order[k].
Tensor permuted(const Tensor& tensor, const Sizes& order) {
  Tensor result{{}, std::vector<double>(tensor.values.size())};
  for (const std::size_t mode : order) result.shape.push_back(tensor.shape[mode]);
  Sizes index(order.size(), 0);
  for (double& value : result.values) {
    std::size_t at = 0;
    for (std::size_t mode = 0; mode < order.size(); ++mode) {
      const auto place = std::find(order.begin(), order.end(), mode) - order.begin();
      at = at * tensor.shape[mode] + index[static_cast<std::size_t>(place)];
    }
    value = tensor.values[at];
    for (std::size_t k = order.size(); k-- > 0;) {
      if (++index[k] < result.shape[k]) break;
      index[k] = 0;
    }
  }
  return result;
}

double squared_distance(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) sum += (a.values[i] - b.values[i]) * (a.values[i] - b.values[i]);
  return sum;
}

TEST(Tucker, ModeProductsMeetPlainLoops) {
  const Tensor tensor = random_tensor({3, 4, 5}, 1);
  for (std::size_t mode = 0; mode < 3; ++mode) {
    const std::size_t n = tensor.shape[mode];
    const std::vector<double> matrix = random_tensor({2, n}, 9).values;
    std::vector<double> transposed(matrix.size());
    for (std::size_t i = 0; i < matrix.size(); ++i) transposed[i % n * 2 + i / n] = matrix[i];
    const Tensor product = mode_product(tensor, mode, matrix, 2);
    const Tensor same = mode_product_transposed(tensor, mode, transposed, 2);
    Sizes at(3, 0);
    for (std::size_t i = 0; i < product.values.size(); ++i) {
      at = {i / (product.shape[1] * product.shape[2]), i / product.shape[2] % product.shape[1], i % product.shape[2]};
      const std::size_t row = at[mode];
      double expected = 0;
      for (std::size_t j = 0; j < n; ++j) {
        at[mode] = j;
        expected += matrix[row * n + j] * tensor.values[(at[0] * 4 + at[1]) * 5 + at[2]];
      }
      EXPECT_NEAR(product.values[i], expected, 1e-13);
      EXPECT_NEAR(same.values[i], expected, 1e-13);
    }
  }
}

TEST(Tucker, GramsOfPermutedTensorsAreThoseOfTheirModes) {
  const Tensor tensor = random_tensor({3, 4, 5, 2}, 2);
  const Sizes order{2, 0, 3, 1};
  const Tensor other = permuted(tensor, order);
  for (std::size_t k = 0; k < 4; ++k) {
    const std::vector<double> gram = mode_gram(tensor, order[k]), same = mode_gram(other, k);
    const std::size_t n = other.shape[k];
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i; j < n; ++j) EXPECT_NEAR(gram[i * n + j], same[i * n + j], 1e-12);
    }
  }
}

TEST(Tucker, RecoversALowRankTensorInAnyOrderOfItsModes) {
  const Sizes ranks{2, 3, 4};
  const Tensor tensor = low_rank({11, 12, 13}, ranks, 3);
  for (const Sizes& order : {Sizes{0, 1, 2}, Sizes{2, 0, 1}, Sizes{1, 2, 0}, Sizes{2, 1, 0}}) {
    const Tensor data = permuted(tensor, order);
    const Sizes kept{ranks[order[0]], ranks[order[1]], ranks[order[2]]};
    const Tucker start = sequential_hosvd(data, kept);
    EXPECT_LT(squared_distance(reconstruct(start), data), 1e-20 * data.sum_of_squares());
    const OrthogonalIteration best = orthogonal_iteration(data, start.factors, kept, 1e-9, 10);
    EXPECT_TRUE(best.converged);
    EXPECT_LT(squared_distance(reconstruct(best.tucker), data), 1e-20 * data.sum_of_squares());
  }
}

TEST(Tucker, IterationNeverCapturesLessThanItsStart) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Tensor tensor = random_tensor({8, 9, 10}, seed);
    const Sizes ranks{3, 2, 4};
    const Tucker start = sequential_hosvd(tensor, ranks);
    const OrthogonalIteration best = orthogonal_iteration(tensor, start.factors, ranks, 0, 20);
    EXPECT_GT(best.captured.front(), start.core.sum_of_squares());
    for (std::size_t i = 1; i < best.captured.size(); ++i)
      EXPECT_GE(best.captured[i], best.captured[i - 1] * (1 - 1e-12));
    // Of an orthonormal fit, what is captured and what is left make up the whole.
    EXPECT_NEAR(best.captured.back() + squared_distance(reconstruct(best.tucker), tensor), tensor.sum_of_squares(),
                1e-9);
  }
}

TEST(Tucker, RefusesRanksThatNoTensorHas) {
  EXPECT_NO_THROW(require_multilinear_rank({10, 10, 10}, {2, 3, 6}));
  EXPECT_THROW(require_multilinear_rank({10, 10, 10}, {2, 3, 7}), Error);
  EXPECT_THROW(require_multilinear_rank({10, 10, 10}, {11, 5, 5}), Error);
  EXPECT_THROW(require_multilinear_rank({10, 10, 10}, {0, 5, 5}), Error);
  EXPECT_THROW(require_multilinear_rank({10, 10, 10}, {5, 5}), Error);
}

TEST(NoiseEdge, IsMarchenkoPastursForWhiteNoise) {
  for (const double columns : {20.0, 100.0, 5000.0}) {
    const double expected = 2.5 * std::pow(std::sqrt(100.0) + std::sqrt(columns), 2);
    EXPECT_NEAR(noise_edge(std::vector<double>(100, 2.5), columns), expected, 1e-8 * expected);
  }
  EXPECT_EQ(noise_edge({0, 0}, 3), 0);
}

TEST(NoiseEdge, BoundsNoiseOfUnequalVariances) {
  const std::size_t rows = 900, columns = 600;
  std::vector<double> variance(rows);
  for (std::size_t i = 0; i < rows; ++i) variance[i] = i % 3 == 0 ? 4 : 0.5;
  Tensor noise = random_tensor({rows, columns}, 4);
  for (std::size_t i = 0; i < noise.values.size(); ++i) noise.values[i] *= std::sqrt(variance[i / columns]);
  const double largest = left_vectors(noise, 0, 1).singular_values[0];
  EXPECT_NEAR(largest * largest / noise_edge(variance, columns), 1, 0.05);
}

}  // namespace
}  // namespace ruska::math
