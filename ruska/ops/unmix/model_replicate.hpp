// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ruska/core/dataset.hpp"
#include "ruska/ops/unmix/pca/pca.hpp"

namespace ruska::ops::unmix {

/// What the noise of a measurement is like.
struct MeasurementNoise {
  /// Counts per electron or photon, of Poisson noise: a value is gain times a Poisson number. 0: Gaussian noise, of the
  /// standard deviation that the principal components tell for every element.
  double gain = 1;
};

/// One repetition of a measurement whose mean is what principal components fit, mean · 1 + loadings · factors, with
/// values below zero taken as zero where they are the mean of counts (parametric bootstrap: Efron, Ann. Stat. 7, 1
/// (1979)). Drawn row by row when it is read, the same for whoever reads it: the draws are named by (seed, replicate,
/// position). `like` gives the axes; `fit` must outlive the dataset. Masked positions are zero.
/// Costs components multiply-adds per element, and a draw per count or, where there are fewer, per element.
Dataset model_replicate(const Description& like, const PcaResult& fit, MeasurementNoise noise, std::uint64_t seed,
                        std::uint64_t replicate);

}  // namespace ruska::ops::unmix
