// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/core/context.hpp"

namespace ruska::ops::segment {

/// Points in a space of few dimensions: number × dimensions, C order.
struct Points {
  std::vector<double> values;
  std::size_t number = 0;
  std::size_t dimensions = 0;
};

/// A mixture of normal distributions.
struct Mixture {
  std::string covariance;  ///< full, tied, diagonal, spherical
  std::size_t clusters = 0;
  std::size_t dimensions = 0;
  std::vector<double> weight;       ///< clusters
  std::vector<double> mean;         ///< clusters × dimensions
  std::vector<double> covariances;  ///< clusters × dimensions × dimensions, whatever the kind
  double log_likelihood = 0;        ///< mean over the points
  std::int64_t iterations = 0;
  bool converged = false;

  /// Free values of the model.
  double free_values() const;
  /// −2 ln L + free values · ln(number of points); the least is best.
  double information_criterion(std::size_t points) const;
};

struct MixtureOptions {
  std::string covariance = "full";
  std::int64_t max_iterations = 100;
  double tolerance = 1e-3;       ///< of the mean log-likelihood of a point
  double regularization = 1e-6;  ///< added to every variance
};

/// Expectation maximisation (Dempster, Laird and Rubin, J. R. Stat. Soc. B 39, 1 (1977)) from a first labelling
/// (numbers below `clusters`). Throws invalid_argument when a covariance is singular in spite of the regularization.
Mixture fit_mixture(const Points& points, const std::vector<std::int32_t>& labels, std::size_t clusters,
                    const MixtureOptions& options, Context& context);

/// Probability of every cluster for every point (number × clusters); also sets the mixture's log_likelihood.
std::vector<double> responsibilities(const Points& points, Mixture& mixture, Context& context);

/// Bytes that each worker holds beside its moments.
std::int64_t mixture_block_bytes(std::int64_t dimensions, std::int64_t clusters);

}  // namespace ruska::ops::segment
