// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "ruska/math/tucker.hpp"

namespace ruska::ops::denoise {

/// The variance of the noise of element (i₁, …, i_N): average · Π_k profile[k][i_k], each profile of mean one.
struct NoiseProfile {
  std::vector<std::vector<double>> profile;
  double elements = 0;        ///< of the tensor
  double sum_of_squares = 0;  ///< of the tensor
};

/// A tensor compressed along its last mode: rows of `basis` are orthonormal, the tensor is compressed ×_N basis.
struct CompressedTensor {
  const math::Tensor& compressed;
  const std::vector<double>& basis;  ///< L × n_N
};

struct ChosenRanks {
  std::vector<std::size_t> ranks;
  std::vector<std::vector<double>> factors;  ///< of the compressed tensor, as many rows as ranks
};

/// Average variance of what the ranks leave of the tensor, per degree of freedom.
double noise_variance(const NoiseProfile& noise, double captured, const std::vector<std::size_t>& ranks);

/// The sum of squares of the noise that a fit of these ranks contains to first order: variance · degrees of freedom.
double noise_in_fit(const NoiseProfile& noise, double captured, const std::vector<std::size_t>& ranks);

/// The threshold on the singular values of the unfolding of a mode of length n_mode, the others projected on `factors`.
double threshold_of_mode(const CompressedTensor& tensor, const std::vector<std::vector<double>>& factors,
                         const std::vector<std::size_t>& ranks, std::size_t mode, const NoiseProfile& noise,
                         double variance);

/// Ranks by the noise edge of every mode, each unfolding seen after the others are projected on their factors, where
/// the least noise is left. The noise's variance is what the fit leaves; both are repeated until the ranks stay.
ChosenRanks choose_ranks(const CompressedTensor& tensor, const NoiseProfile& noise, std::size_t most);

}  // namespace ruska::ops::denoise
