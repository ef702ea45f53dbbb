// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/dataset.hpp"

namespace ruska::ops::denoise {

struct TensorSvdParams {
  std::optional<std::vector<double>> ranks{};
  std::string modes = "three";
  std::string algorithm = "hooi";
  std::string weighting = "none";
  std::string noise = "auto";
  std::string non_negative = "auto";
  std::int64_t rank_limit = 32;
  double tolerance = 1e-5;
  std::int64_t iterations = 10;
  std::int64_t seed = 1;
};

/// Runs of adjacent axes that make the modes of a dataset's tensor: how many axes each has. The last mode makes the
/// columns of the streamed matrix, the others its rows. `modes` is "three" or "four".
/// Throws invalid_argument when the axes do not allow it.
std::vector<std::size_t> axes_of_modes(const Description& data, const std::string& modes);

/// One mode of a Tucker decomposition.
struct TensorMode {
  std::int64_t rank = 0;
  std::vector<double> factor;           ///< rank × n, in the data's units: weights undone
  std::vector<double> singular_values;  ///< of the unfolding, the other modes projected on their factors
  double threshold = 0;                 ///< above which they stand out of the noise
};

struct TensorSvdResult {
  std::vector<TensorMode> modes;
  std::vector<double> core;       ///< C order, ranks of the modes
  double captured_share = 0;      ///< ‖core‖² / ‖data‖², of the weighted data when weighted
  double noise = 0;               ///< standard deviation of an element, mean over all
  double noise_over_poisson = 0;  ///< variance of the noise over the mean count; 0 for data that are no counts
  bool counts = false;            ///< every value is an integer ≥ 0
  bool noise_of_counts = false;   ///< the noise model: variance follows the mean
  bool poisson_weighted = false;
  bool converged = false;
  std::int64_t sweeps = 0;  ///< passes over the data are 2 · sweeps + 2, one more when weighted
};

/// Tucker decomposition of a dataset. Throws invalid_argument for ranks that cannot be, bad_data for values that are
/// not finite.
TensorSvdResult tensor_svd(const Dataset& data, const TensorSvdParams& params, Context& context);

/// The most components that each mode can get.
std::vector<std::size_t> most_ranks(const Description& data, const TensorSvdParams& params);

/// Bytes that `tensor_svd` holds: altogether, and on top for each worker.
std::int64_t tensor_svd_memory(const Description& data, const TensorSvdParams& params);
std::int64_t tensor_svd_memory_per_worker(const Description& data, const TensorSvdParams& params);
/// Columns that the last mode is compressed to while the scan modes are fitted.
std::int64_t compressed_columns(const Description& data, const TensorSvdParams& params);

}  // namespace ruska::ops::denoise
