// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ruska/ops/unmix/pca/pca.hpp"
#include "ruska/ops/unmix/robust_pca/outliers.hpp"

namespace ruska::ops::unmix {

struct RobustPcaParams {
  std::optional<std::int64_t> components{};
  double significance = 6;
  std::string weighting = "auto";
  std::string rank_rule = "gavish_donoho";
  std::int64_t iterations = 20;
  bool cleaned = false;
  std::int64_t seed = 0;
};

/// data ≈ low rank + sparse: principal components, and the elements that they do not explain.
struct RobustPcaResult {
  PcaResult components;  ///< of the data less the outliers' excess
  Outliers outliers;
  std::int64_t iterations = 0;
  bool converged = false;  ///< the last two rounds found the same outliers
};

/// Principal components and outliers in turn. Throws as `pca`, and invalid_argument when more than 2²⁰ elements are
/// outliers: the data are then no low rank with sparse exceptions.
RobustPcaResult robust_pca(const Dataset& data, const Masks& masks, const RobustPcaParams& params, Context& context);

/// Bytes that `robust_pca` holds beside the rows' own blocks and cache.
std::int64_t robust_pca_memory(const Description& data, const RobustPcaParams& params);

}  // namespace ruska::ops::unmix
