// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/pca/pca.hpp"
#include "ruska/ops/unmix/pca/repeated.hpp"

namespace ruska::ops::unmix {

struct IcaParams {
  std::optional<std::vector<double>> components{};
  std::string algorithm = "fastica";
  std::string on = "factors";
  std::int64_t derivative = 1;
  std::string nonlinearity = "logcosh";
  std::string approach = "parallel";
  std::int64_t starts = 5;
  std::int64_t lags = 10;
  double gamma = 1;
  double tolerance = 1e-10;
  std::int64_t max_iterations = 1000;
  std::string weighting = "auto";
  std::string rank_rule = "gavish_donoho";
  std::string svd_solver = "full";
  std::int64_t seed = 0;
  std::int64_t bootstrap = 0;
};

/// Independent components of a matrix of positions × channels: data ≈ loadings · factors.
struct IcaResult {
  std::vector<std::int64_t> chosen;  ///< which principal components were rotated, counted from 0
  std::string reason;                ///< why these

  std::vector<double> factors, factors_sigma;    ///< components × channels, each factor of unit Euclidean norm
  std::vector<double> loadings, loadings_sigma;  ///< positions × components; NaN for masked positions
  std::vector<double> unmixing;                  ///< components × components: factors = unmixing · principal factors
  std::vector<double> share;                     ///< of the rotated part's sum of squares, falling
  std::vector<double> kurtosis;                  ///< excess kurtosis of what independence was judged on
  std::vector<double> agreement;  ///< mean |cosine| with the nearest component of the other starts; 1 for one start
  std::int64_t iterations = 0;
  bool converged = false;
  std::optional<Spread> spread{};  ///< of repeated measurements, where asked for
  std::int64_t failed = 0;         ///< of these, whose rotation did not converge
  std::string indistinct;          ///< a sentence about principal components that noise mixes; empty for none
};

/// Principal components, whitened and rotated. Throws as `pca`, and invalid_argument for components that are no whole
/// numbers ≥ 1 or occur twice, and for data with too few samples to tell components apart.
/// `masks` are those of the rows; repeated measurements get them, too.
IcaResult ica(const Rows& data, const IcaParams& params, Context& context, const Masks& masks = {});

/// Bytes that `ica` holds beside the rows' own blocks and cache.
std::int64_t ica_memory(const Description& data, const IcaParams& params);
/// The same for each worker on top.
std::int64_t ica_memory_per_worker(const Description& data, const IcaParams& params);

}  // namespace ruska::ops::unmix
