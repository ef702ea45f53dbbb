// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/ica/samples.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ruska/base/error.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/math/symmetric_eigen.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr double least_variance = 1e-14;  // of the largest: below it a direction is rounding

/// f[i + 1] − f[i], or f[i + 2] − 2 f[i + 1] + f[i]. NaN as soon as one of them is left out.
double difference(const double* value, std::int64_t stride, int order) {
  return order == 1 ? value[stride] - value[0] : value[2 * stride] - 2 * value[stride] + value[0];
}

}  // namespace

Samples differences(const Samples& samples, int order) {
  if (order == 0) return samples;
  Samples result;
  result.components = samples.components;
  const std::int64_t components = samples.components;
  std::int64_t offset = 0;
  for (const Shape& grid : samples.grids) {
    std::int64_t stride = count(grid);
    for (std::size_t axis = 0; axis < grid.size(); ++axis) {
      stride /= std::max<std::int64_t>(1, grid[axis]);
      if (grid[axis] <= order) continue;
      Shape shorter = grid;
      shorter[axis] -= order;
      for (std::int64_t i = 0; i < count(grid); ++i) {
        if (i / stride % grid[axis] >= shorter[axis]) continue;
        const double* const first = samples.values.data() + (offset + i) * components;
        for (std::int64_t k = 0; k < components; ++k) {
          result.values.push_back(difference(first + k, stride * components, order));
        }
      }
      result.grids.push_back(std::move(shorter));
    }
    offset += count(grid);
  }
  return result;
}

Whitened whiten(Samples samples, Context& context) {
  const auto k = static_cast<std::size_t>(samples.components);
  const Partitions partitions(samples.size(), samples.components * 8);
  // The number of samples, their sum and the sum of their products.
  const std::vector<double> moments = Executor(context).reduce<std::vector<double>>(
      "whitening", partitions, [&] { return std::vector<double>(1 + k + k * k, 0.0); },
      [&](std::vector<double>& sum, std::int64_t, RowRange range) {
        for (std::int64_t i = range.begin; i < range.end; ++i) {
          const double* const x = samples.values.data() + i * samples.components;
          if (std::isnan(x[0])) continue;
          sum[0] += 1;
          for (std::size_t p = 0; p < k; ++p) {
            sum[1 + p] += x[p];
            for (std::size_t q = p; q < k; ++q) sum[1 + k + p * k + q] += x[p] * x[q];
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
  const double number = moments[0];
  if (number <= static_cast<double>(k)) {
    throw Error(ErrorKind::invalid_argument, "there are " + std::to_string(static_cast<std::int64_t>(number)) +
                                                 " samples to tell " + std::to_string(k) +
                                                 " components apart by; choose fewer components, a lower derivative, "
                                                 "or the other of factors and loadings");
  }
  std::vector<double> covariance(k * k, 0.0);
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t q = p; q < k; ++q) {
      covariance[p * k + q] = moments[1 + k + p * k + q] / number - moments[1 + p] / number * (moments[1 + q] / number);
    }
  }
  const math::SymmetricEigen eigen = math::symmetric_eigen(std::move(covariance), k, k);
  if (!(eigen.values.back() > least_variance * eigen.values.front())) {
    throw Error(ErrorKind::invalid_argument, "the " + std::to_string(k) +
                                                 " components are linearly dependent where they are compared; choose "
                                                 "fewer components or a lower derivative");
  }
  Whitened result;
  result.matrix.resize(k * k);
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t q = 0; q < k; ++q)
      result.matrix[p * k + q] = eigen.vectors[p * k + q] / std::sqrt(eigen.values[p]);
  }
  Executor(context).for_each_chunk("whitening", partitions, [&](std::int64_t, RowRange range) {
    std::vector<double> white(k);
    for (std::int64_t i = range.begin; i < range.end; ++i) {
      double* const x = samples.values.data() + i * samples.components;
      for (std::size_t p = 0; p < k; ++p) {
        white[p] = 0;
        for (std::size_t q = 0; q < k; ++q) white[p] += result.matrix[p * k + q] * (x[q] - moments[1 + q] / number);
      }
      std::copy(white.begin(), white.end(), x);
    }
  });
  Executor(context).gather(partitions, samples.components, std::span(samples.values));
  result.samples = std::move(samples);
  return result;
}

}  // namespace ruska::ops::unmix
