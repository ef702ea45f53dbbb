// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// One pass over the points per iteration gathers, for every cluster, Σr, Σr(x − o) and Σr(x − o)(x − o)ᵀ about the
// cluster's old mean o, from which the new mean and covariance follow without the cancellation of raw moments.
// Cost per pass: 2 · points · clusters · dimensions² multiply-adds, done by BLAS on blocks of points whose bounds
// follow from the partitions alone.
#include "ruska/ops/segment/gmm/mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Cholesky>
#include <Eigen/Dense>
#include <cblas.h>

#include "ruska/base/error.hpp"
#include "ruska/core/executor.hpp"

namespace ruska::ops::segment {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// What evaluates the densities: (x − mean) · whitening has unit covariance.
struct Densities {
  std::vector<Matrix> whitening;  ///< lower triangular inverse of the Cholesky factor
  std::vector<double> constant;   ///< ln weight − ½ d ln 2π + ln |whitening|
};

Densities densities_of(const Mixture& mixture) {
  Densities densities;
  const auto d = static_cast<Eigen::Index>(mixture.dimensions);
  for (std::size_t k = 0; k < mixture.clusters; ++k) {
    const Matrix covariance =
        Eigen::Map<const Matrix>(mixture.covariances.data() + k * mixture.dimensions * mixture.dimensions, d, d);
    const Eigen::LLT<Eigen::MatrixXd> cholesky{Eigen::MatrixXd(covariance)};
    if (cholesky.info() != Eigen::Success) {
      throw Error(ErrorKind::invalid_argument,
                  "the covariance of cluster " + std::to_string(k + 1) +
                      " is singular: it has too few different positions; raise regularization, ask for fewer clusters, "
                      "or take covariance 'diagonal' or 'spherical'");
    }
    Eigen::MatrixXd inverse = Eigen::MatrixXd::Identity(d, d);
    cholesky.matrixL().solveInPlace(inverse);
    double constant = -0.5 * static_cast<double>(d) * std::log(2 * M_PI);
    for (Eigen::Index i = 0; i < d; ++i) constant += std::log(inverse(i, i));
    constant += mixture.weight[k] > 0 ? std::log(mixture.weight[k]) : -std::numeric_limits<double>::infinity();
    densities.whitening.emplace_back(inverse);
    densities.constant.push_back(constant);
  }
  return densities;
}

/// Below it a probability changes no bit of a sum over a cluster that has as much as a millionth of a point.
constexpr double least_probability = 1e-40;

/// Σ v², along a fixed order that fills vectors.
double sum_of_squares(const double* values, std::size_t count) {
  constexpr std::size_t lanes = 8;
  double sum[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) sum[j] += values[i + j] * values[i + j];
  }
  for (; i < count; ++i) sum[0] += values[i] * values[i];
  return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

/// How many points are worked on at once: their offsets stay within 256 KiB.
std::size_t block_of(std::size_t dimensions) { return std::clamp<std::size_t>(32768 / dimensions, 8, 256); }

/// Offsets of a block of points from a cluster's mean, and what becomes of them. One object per worker and partition.
class Block {
 public:
  Block(const Points& points, const Mixture& mixture)
      : points_(points),
        mixture_(mixture),
        most_(block_of(points.dimensions)),
        off_(most_ * points.dimensions),
        white_(most_ * points.dimensions) {}

  std::size_t most() const { return most_; }

  /// Offsets of points first … first + number from cluster k's mean.
  void take_offsets(std::size_t k, std::size_t first, std::size_t number) {
    const std::size_t d = points_.dimensions;
    const double* mean = mixture_.mean.data() + k * d;
    for (std::size_t i = 0; i < number; ++i) {
      const double* x = points_.values.data() + (first + i) * d;
      for (std::size_t a = 0; a < d; ++a) off_[i * d + a] = x[a] - mean[a];
    }
  }

  /// Probability of every cluster for each point (number × clusters); returns Σ ln of the summed densities.
  double evaluate(const Densities& densities, std::size_t first, std::size_t number, double* probability) {
    const std::size_t d = points_.dimensions, clusters = mixture_.clusters;
    for (std::size_t k = 0; k < clusters; ++k) {
      take_offsets(k, first, number);
      std::copy(off_.begin(), off_.begin() + static_cast<std::ptrdiff_t>(number * d), white_.begin());
      cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, static_cast<int>(number),
                  static_cast<int>(d), 1.0, densities.whitening[k].data(), static_cast<int>(d), white_.data(),
                  static_cast<int>(d));
      for (std::size_t i = 0; i < number; ++i) {
        probability[i * clusters + k] = densities.constant[k] - 0.5 * sum_of_squares(white_.data() + i * d, d);
      }
    }
    double total = 0;
    for (std::size_t i = 0; i < number; ++i) {
      double* own = probability + i * clusters;
      const double largest = *std::max_element(own, own + clusters);
      double sum = 0;
      for (std::size_t k = 0; k < clusters; ++k) sum += own[k] = std::exp(own[k] - largest);
      for (std::size_t k = 0; k < clusters; ++k) own[k] /= sum;
      total += largest + std::log(sum);
    }
    return total;
  }

  /// Adds Σr, Σr(x − o) and the lower triangle of Σr(x − o)(x − o)ᵀ of cluster k to `own`.
  void add_moments(std::size_t k, std::size_t first, std::size_t number, const double* probability, double* own) {
    const std::size_t d = points_.dimensions;
    const double* mean = mixture_.mean.data() + k * d;
    std::size_t kept = 0;  // points that belong to other clusters cost nothing
    for (std::size_t i = 0; i < number; ++i) {
      const double r = probability[i * mixture_.clusters + k];
      if (r < least_probability) continue;
      const double* x = points_.values.data() + (first + i) * d;
      double* __restrict weighted = off_.data() + kept * d;
      double* __restrict sum = own + 1;
      const double root = std::sqrt(r);
      own[0] += r;
      for (std::size_t a = 0; a < d; ++a) {
        const double off = x[a] - mean[a];
        sum[a] += r * off;
        weighted[a] = root * off;
      }
      ++kept;
    }
    if (kept == 0) return;
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, static_cast<int>(d), static_cast<int>(kept), 1.0, off_.data(),
                static_cast<int>(d), 1.0, own + 1 + d, static_cast<int>(d));
  }

 private:
  const Points& points_;
  const Mixture& mixture_;
  std::size_t most_;
  std::vector<double> off_, white_;
};

Partitions partitions_of(const Points& points) {
  return {static_cast<std::int64_t>(points.number), static_cast<std::int64_t>(8 * points.dimensions)};
}

/// Moments about `mixture.mean`: per cluster Σr, Σr(x − o), Σr(x − o)(x − o)ᵀ (full square); last the log-likelihood.
std::vector<double> moments(const Points& points, const Mixture& mixture, const std::vector<std::int32_t>* labels,
                            Context& context) {
  const std::size_t d = points.dimensions, each = 1 + d + d * d;
  const Densities densities = labels == nullptr ? densities_of(mixture) : Densities{};
  return Executor(context).reduce<std::vector<double>>(
      "fitting the mixture", partitions_of(points),
      [&] { return std::vector<double>(mixture.clusters * each + 1, 0.0); },
      [&](std::vector<double>& sums, std::int64_t, RowRange range) {
        Block block(points, mixture);
        std::vector<double> probability(block.most() * mixture.clusters);
        for (auto first = static_cast<std::size_t>(range.begin); first < static_cast<std::size_t>(range.end);
             first += block.most()) {
          const std::size_t number = std::min(block.most(), static_cast<std::size_t>(range.end) - first);
          if (labels == nullptr) {
            sums.back() += block.evaluate(densities, first, number, probability.data());
          } else {
            std::fill(probability.begin(), probability.end(), 0.0);
            for (std::size_t i = 0; i < number; ++i) {
              probability[i * mixture.clusters + static_cast<std::size_t>((*labels)[first + i])] = 1;
            }
          }
          for (std::size_t k = 0; k < mixture.clusters; ++k) {
            block.add_moments(k, first, number, probability.data(), sums.data() + k * each);
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
}

/// The maximisation step.
void update(Mixture& mixture, const std::vector<double>& sums, const MixtureOptions& options) {
  const std::size_t d = mixture.dimensions, each = 1 + d + d * d;
  double total = 0;
  for (std::size_t k = 0; k < mixture.clusters; ++k) total += sums[k * each];
  std::vector<double> tied(d * d, 0.0);
  for (std::size_t k = 0; k < mixture.clusters; ++k) {
    const double* own = sums.data() + k * each;
    const double number = own[0] + 10 * std::numeric_limits<double>::epsilon();
    mixture.weight[k] = own[0] / total;
    double* covariance = mixture.covariances.data() + k * d * d;
    for (std::size_t a = 0; a < d; ++a) {
      for (std::size_t b = 0; b <= a; ++b) {
        const double value = own[1 + d + a * d + b] / number - own[1 + a] / number * (own[1 + b] / number);
        covariance[a * d + b] = covariance[b * d + a] = value;
      }
    }
    for (std::size_t a = 0; a < d; ++a) mixture.mean[k * d + a] += own[1 + a] / number;
    for (std::size_t i = 0; i < d * d; ++i) tied[i] += covariance[i] * mixture.weight[k];
    if (mixture.covariance == "diagonal" || mixture.covariance == "spherical") {
      double mean_variance = 0;
      for (std::size_t a = 0; a < d; ++a) mean_variance += covariance[a * d + a] / static_cast<double>(d);
      for (std::size_t a = 0; a < d; ++a) {
        for (std::size_t b = 0; b < d; ++b) {
          if (a != b) covariance[a * d + b] = 0;
        }
        if (mixture.covariance == "spherical") covariance[a * d + a] = mean_variance;
      }
    }
    for (std::size_t a = 0; a < d; ++a) covariance[a * d + a] += options.regularization;
  }
  if (mixture.covariance != "tied") return;
  for (std::size_t a = 0; a < d; ++a) tied[a * d + a] += options.regularization;
  for (std::size_t k = 0; k < mixture.clusters; ++k) {
    std::copy(tied.begin(), tied.end(), mixture.covariances.begin() + static_cast<std::ptrdiff_t>(k * d * d));
  }
}

}  // namespace

std::int64_t mixture_block_bytes(std::int64_t dimensions, std::int64_t clusters) {
  return 8 * static_cast<std::int64_t>(block_of(static_cast<std::size_t>(dimensions))) * (2 * dimensions + clusters);
}

double Mixture::free_values() const {
  const auto k = static_cast<double>(clusters), d = static_cast<double>(dimensions);
  const double of_covariance = covariance == "full"       ? k * d * (d + 1) / 2
                               : covariance == "tied"     ? d * (d + 1) / 2
                               : covariance == "diagonal" ? k * d
                                                          : k;
  return of_covariance + k * d + k - 1;
}

double Mixture::information_criterion(std::size_t points) const {
  const auto number = static_cast<double>(points);
  return -2 * log_likelihood * number + free_values() * std::log(number);
}

Mixture fit_mixture(const Points& points, const std::vector<std::int32_t>& labels, std::size_t clusters,
                    const MixtureOptions& options, Context& context) {
  Mixture mixture;
  mixture.covariance = options.covariance;
  mixture.clusters = clusters;
  mixture.dimensions = points.dimensions;
  mixture.weight.assign(clusters, 1 / static_cast<double>(clusters));
  mixture.mean.assign(clusters * points.dimensions, 0.0);
  mixture.covariances.assign(clusters * points.dimensions * points.dimensions, 0.0);
  // Twice from the labels: the second time about the means that the first has found.
  for (int pass = 0; pass < 2; ++pass) update(mixture, moments(points, mixture, &labels, context), options);

  double before = -std::numeric_limits<double>::infinity();
  for (mixture.iterations = 1; mixture.iterations <= options.max_iterations; ++mixture.iterations) {
    const std::vector<double> sums = moments(points, mixture, nullptr, context);
    update(mixture, sums, options);
    mixture.log_likelihood = sums.back() / static_cast<double>(points.number);
    mixture.converged = std::abs(mixture.log_likelihood - before) < options.tolerance;
    if (mixture.converged) break;
    before = mixture.log_likelihood;
  }
  return mixture;
}

std::vector<double> responsibilities(const Points& points, Mixture& mixture, Context& context) {
  std::vector<double> probability(points.number * mixture.clusters);
  const Densities densities = densities_of(mixture);
  const Partitions partitions = partitions_of(points);
  const std::vector<double> sum = Executor(context).reduce<std::vector<double>>(
      "assigning positions", partitions, [] { return std::vector<double>(1, 0.0); },
      [&](std::vector<double>& total, std::int64_t, RowRange range) {
        Block block(points, mixture);
        for (auto first = static_cast<std::size_t>(range.begin); first < static_cast<std::size_t>(range.end);
             first += block.most()) {
          const std::size_t number = std::min(block.most(), static_cast<std::size_t>(range.end) - first);
          total[0] += block.evaluate(densities, first, number, probability.data() + first * mixture.clusters);
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) { left[0] += right[0]; });
  Executor(context).gather(partitions, static_cast<std::int64_t>(mixture.clusters), std::span(probability));
  mixture.log_likelihood = sum[0] / static_cast<double>(points.number);
  return probability;
}

}  // namespace ruska::ops::segment
