// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/ica/rotations.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/math/joint_diagonalisation.hpp"
#include "ruska/math/symmetric_eigen.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr double resolution = 1e-12;  // of the largest singular value, below which directions are no longer told apart

/// Σ over all samples that are not left out, in parallel; `add(sum, x)` adds one sample's part.
template <class Add>
std::vector<double> sum_over(const std::string& stage, const Samples& samples, std::size_t size, Context& context,
                             const Add& add) {
  return Executor(context).reduce<std::vector<double>>(
      stage, Partitions(samples.size(), samples.components * 8), [&] { return std::vector<double>(size, 0.0); },
      [&](std::vector<double>& sum, std::int64_t, RowRange range) {
        for (std::int64_t i = range.begin; i < range.end; ++i) {
          const double* const x = samples.values.data() + i * samples.components;
          if (!std::isnan(x[0])) add(sum, x);
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
}

double dot(const double* a, const double* b, std::size_t n) { return std::inner_product(a, a + n, b, 0.0); }

/// (M Mᵀ)^-½ M: the orthonormal matrix nearest to M. Directions that M does not have stay zero.
std::vector<double> nearest_rotation(const std::vector<double>& matrix, std::size_t k) {
  std::vector<double> gram(k * k, 0.0), result(k * k, 0.0);
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t q = p; q < k; ++q) gram[p * k + q] = dot(&matrix[p * k], &matrix[q * k], k);
  }
  const math::SymmetricEigen eigen = math::symmetric_eigen(std::move(gram), k, k);
  for (std::size_t r = 0; r < k; ++r) {
    if (!(eigen.values[r] > resolution * resolution * eigen.values[0])) continue;
    const double* const v = &eigen.vectors[r * k];
    std::vector<double> projected(k, 0.0);
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t q = 0; q < k; ++q) projected[q] += v[p] * matrix[p * k + q] / std::sqrt(eigen.values[r]);
    }
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t q = 0; q < k; ++q) result[p * k + q] += v[p] * projected[q];
    }
  }
  return result;
}

std::vector<double> random_rotation(std::size_t k, const FastIcaOptions& options) {
  std::vector<double> matrix(k * k);
  Random random(options.seed, "ica", options.start);
  for (double& value : matrix) value = random.normal();
  return nearest_rotation(matrix, k);
}

/// A nonlinearity g with its derivative and its integral G; `gaussian` is E G of a standard normal variable.
struct LogCosh {
  static constexpr double gaussian = 0.37456720749190945;
  static double integral(double u) {
    const double size = std::abs(u);
    return size + std::log1p(std::exp(-2 * size)) - 0.69314718055994531;
  }
  static std::pair<double, double> both(double u) {
    const double g = std::tanh(u);
    return {g, 1 - g * g};
  }
};
struct Exponential {
  static constexpr double gaussian = -0.70710678118654752;
  static double integral(double u) { return -std::exp(-u * u / 2); }
  static std::pair<double, double> both(double u) {
    const double e = std::exp(-u * u / 2);
    return {u * e, (1 - u * u) * e};
  }
};
struct Cube {
  static constexpr double gaussian = 0.75;
  static double integral(double u) { return u * u * u * u / 4; }
  static std::pair<double, double> both(double u) { return {u * u * u, 3 * u * u}; }
};

template <class Use>
auto with_nonlinearity(const std::string& name, const Use& use) {
  if (name == "exp") return use(Exponential{});
  if (name == "cube") return use(Cube{});
  if (name == "logcosh") return use(LogCosh{});
  throw Error(ErrorKind::invalid_argument, "there is no nonlinearity '" + name + "'; use logcosh, exp or cube");
}

/// E[g(w·x) x] − E[g'(w·x)] w for each of `count` directions.
template <class G>
std::vector<double> fixed_point_step(const Samples& white, const std::vector<double>& directions, std::size_t count,
                                     Context& context) {
  const auto k = static_cast<std::size_t>(white.components);
  const std::vector<double> sum =
      sum_over("rotating", white, count * (k + 1) + 1, context, [&](std::vector<double>& into, const double* x) {
        for (std::size_t p = 0; p < count; ++p) {
          const auto [g, slope] = G::both(dot(&directions[p * k], x, k));
          double* const out = &into[p * (k + 1)];
          for (std::size_t q = 0; q < k; ++q) out[q] += g * x[q];
          out[k] += slope;
        }
        into.back() += 1;
      });
  std::vector<double> next(count * k);
  for (std::size_t p = 0; p < count; ++p) {
    for (std::size_t q = 0; q < k; ++q) {
      next[p * k + q] = (sum[p * (k + 1) + q] - sum[p * (k + 1) + k] * directions[p * k + q]) / sum.back();
    }
  }
  return next;
}

template <class G>
Rotation all_together(const Samples& white, const FastIcaOptions& options, Context& context) {
  const auto k = static_cast<std::size_t>(white.components);
  Rotation result;
  result.matrix = random_rotation(k, options);
  while (!result.converged && result.iterations < options.most_iterations) {
    ++result.iterations;
    const std::vector<double> next = nearest_rotation(fixed_point_step<G>(white, result.matrix, k, context), k);
    double change = 0;
    for (std::size_t p = 0; p < k; ++p) {
      change = std::max(change, std::abs(1 - std::abs(dot(&next[p * k], &result.matrix[p * k], k))));
    }
    result.matrix = next;
    result.converged = change < options.tolerance;
  }
  return result;
}

template <class G>
Rotation one_by_one(const Samples& white, const FastIcaOptions& options, Context& context) {
  const auto k = static_cast<std::size_t>(white.components);
  Rotation result;
  result.matrix = random_rotation(k, options);
  result.converged = true;
  for (std::size_t p = 0; p < k; ++p) {
    std::vector<double> direction(result.matrix.begin() + static_cast<std::ptrdiff_t>(p * k),
                                  result.matrix.begin() + static_cast<std::ptrdiff_t>((p + 1) * k));
    // What earlier components took is taken out; what is left has a length, as the start was a whole rotation.
    const auto orthonormalise = [&](std::vector<double>& vector) {
      for (std::size_t q = 0; q < p; ++q) {
        const double overlap = dot(vector.data(), &result.matrix[q * k], k);
        for (std::size_t i = 0; i < k; ++i) vector[i] -= overlap * result.matrix[q * k + i];
      }
      const double length = std::sqrt(dot(vector.data(), vector.data(), k));
      if (!(length > resolution)) return false;
      for (double& value : vector) value /= length;
      return true;
    };
    for (std::size_t other = 0; !orthonormalise(direction); ++other) {
      // The start lay within what earlier components took: one of the axes does not.
      direction.assign(k, 0.0);
      direction[other] = 1;
    }
    bool settled = false;
    for (std::int64_t i = 0; i < options.most_iterations && !settled; ++i) {
      ++result.iterations;
      std::vector<double> next = fixed_point_step<G>(white, direction, 1, context);
      if (!orthonormalise(next)) next = direction;
      settled = std::abs(1 - std::abs(dot(next.data(), direction.data(), k))) < options.tolerance;
      direction = std::move(next);
    }
    result.converged = result.converged && settled;
    std::copy(direction.begin(), direction.end(), result.matrix.begin() + static_cast<std::ptrdiff_t>(p * k));
  }
  return result;
}

Rotation diagonalise(std::vector<double> matrices, std::size_t k, double tolerance, std::int64_t most_iterations) {
  const auto found = math::joint_diagonalisation(std::move(matrices), k, tolerance, static_cast<int>(most_iterations));
  return {found.rotation, found.sweeps, found.converged};
}

}  // namespace

Rotation fast_ica(const Samples& white, const FastIcaOptions& options, Context& context) {
  return with_nonlinearity(options.nonlinearity, [&]<class G>(G) {
    return options.deflation ? one_by_one<G>(white, options, context) : all_together<G>(white, options, context);
  });
}

double contrast(const Samples& white, const Rotation& rotation, const std::string& nonlinearity, Context& context) {
  const auto k = static_cast<std::size_t>(white.components);
  return with_nonlinearity(nonlinearity, [&]<class G>(G) {
    const std::vector<double> sum =
        sum_over("comparing starts", white, k + 1, context, [&](std::vector<double>& into, const double* x) {
          for (std::size_t p = 0; p < k; ++p) {
            into[p] += G::integral(dot(&rotation.matrix[p * k], x, k));
          }
          into[k] += 1;
        });
    double total = 0;
    for (std::size_t p = 0; p < k; ++p) total += std::pow(sum[p] / sum[k] - G::gaussian, 2);
    return total;
  });
}

Rotation jade(const Samples& white, double tolerance, std::int64_t most_iterations, Context& context) {
  const auto k = static_cast<std::size_t>(white.components);
  const std::size_t pairs = k * (k + 1) / 2;
  std::vector<double> sum =
      sum_over("fourth moments", white, pairs * k * k + 1, context, [&](std::vector<double>& into, const double* x) {
        double* out = into.data();
        for (std::size_t p = 0; p < k; ++p) {
          for (std::size_t q = p; q < k; ++q) {
            const double weight = x[p] * x[q];
            for (std::size_t i = 0; i < k; ++i) {
              for (std::size_t j = 0; j < k; ++j) *out++ += weight * x[i] * x[j];
            }
          }
        }
        into.back() += 1;
      });
  const double number = sum.back();
  sum.pop_back();
  std::size_t pair = 0;
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t q = p; q < k; ++q, ++pair) {
      double* const matrix = &sum[pair * k * k];
      for (std::size_t i = 0; i < k * k; ++i) matrix[i] /= number;
      // A Gaussian's fourth moments, which the cumulants leave out.
      if (p == q) {
        for (std::size_t i = 0; i < k; ++i) matrix[i * k + i] -= 1;
      }
      matrix[p * k + q] -= 1;
      matrix[q * k + p] -= 1;
      // Off-diagonal pairs occur twice among all pairs.
      const double weight = p == q ? 1 : std::sqrt(2.0);
      for (std::size_t i = 0; i < k * k; ++i) matrix[i] *= weight;
    }
  }
  return diagonalise(std::move(sum), k, tolerance, most_iterations);
}

Rotation sobi(const Samples& white, std::int64_t lags, double tolerance, std::int64_t most_iterations,
              Context& context) {
  const auto k = static_cast<std::size_t>(white.components);
  std::vector<double> matrices;
  for (std::int64_t lag = 1; lag <= lags; ++lag) {
    std::vector<double> sum(k * k, 0.0);
    double pairs = 0;
    std::int64_t offset = 0;
    for (const Shape& grid : white.grids) {
      std::int64_t stride = count(grid);
      for (const std::int64_t length : grid) {
        stride /= std::max<std::int64_t>(1, length);
        if (length <= lag) continue;
        const double* const first = white.values.data() + offset * white.components;
        const auto size = count(grid);
        const auto part = Executor(context).reduce<std::vector<double>>(
            "covariances of neighbours", Partitions(size, white.components * 8),
            [&] { return std::vector<double>(k * k + 1, 0.0); },
            [&, length, stride](std::vector<double>& into, std::int64_t, RowRange range) {
              for (std::int64_t i = range.begin; i < range.end; ++i) {
                if (i / stride % length >= length - lag) continue;
                const double* const x = first + i * white.components;
                const double* const y = x + lag * stride * white.components;
                if (std::isnan(x[0]) || std::isnan(y[0])) continue;
                for (std::size_t p = 0; p < k; ++p) {
                  for (std::size_t q = 0; q < k; ++q) into[p * k + q] += (x[p] * y[q] + x[q] * y[p]) / 2;
                }
                into.back() += 1;
              }
            },
            [](std::vector<double>& left, std::vector<double>&& right) {
              for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
            });
        for (std::size_t i = 0; i < k * k; ++i) sum[i] += part[i];
        pairs += part.back();
      }
      offset += count(grid);
    }
    if (pairs == 0) break;
    for (double& value : sum) value /= pairs;
    matrices.insert(matrices.end(), sum.begin(), sum.end());
  }
  if (matrices.empty()) {
    throw Error(ErrorKind::invalid_argument, "method 'sobi' compares neighbours, and no axis holds two samples");
  }
  return diagonalise(std::move(matrices), k, tolerance, most_iterations);
}

Rotation orthomax(const Samples& white, double gamma, double tolerance, std::int64_t most_iterations,
                  Context& context) {
  const auto k = static_cast<std::size_t>(white.components);
  Rotation result;
  result.matrix.assign(k * k, 0.0);
  for (std::size_t p = 0; p < k; ++p) result.matrix[p * k + p] = 1;
  double before = 0;
  while (!result.converged && result.iterations < most_iterations) {
    ++result.iterations;
    // Σ y_p³ x and Σ y_p² of each component: the gradient of the criterion.
    const std::vector<double> sum =
        sum_over("rotating", white, k * (2 * k + 1) + 1, context, [&](std::vector<double>& into, const double* x) {
          for (std::size_t p = 0; p < k; ++p) {
            const double y = dot(&result.matrix[p * k], x, k);
            double* const out = &into[p * (2 * k + 1)];
            for (std::size_t q = 0; q < k; ++q) {
              out[q] += y * y * y * x[q];
              out[k + q] += y * x[q];
            }
            out[2 * k] += y * y;
          }
          into.back() += 1;
        });
    std::vector<double> gradient(k * k);
    for (std::size_t p = 0; p < k; ++p) {
      const double* const in = &sum[p * (2 * k + 1)];
      for (std::size_t q = 0; q < k; ++q) gradient[p * k + q] = in[q] - gamma / sum.back() * in[2 * k] * in[k + q];
    }
    result.matrix = nearest_rotation(gradient, k);
    const double reached = std::inner_product(gradient.begin(), gradient.end(), result.matrix.begin(), 0.0);
    result.converged = reached - before <= tolerance * std::abs(reached);
    before = reached;
  }
  return result;
}

}  // namespace ruska::ops::unmix
