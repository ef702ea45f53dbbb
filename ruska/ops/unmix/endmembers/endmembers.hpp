// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"

namespace ruska::ops::unmix {

struct EndmembersParams {
  std::optional<std::int64_t> components{};
  std::string method = "n_findr";
  std::int64_t window = 5;
  double least_signal = 0.25;
  std::string weighting = "auto";
  std::int64_t starts = 3;
  std::int64_t seed = 0;
};

/// Spectra of the purest positions, those with the most signal in all first.
struct EndmembersResult {
  std::int64_t components = 0;
  std::string reason;                   ///< why this number of components
  std::vector<std::int64_t> positions;  ///< centres of the windows, in C order of the navigation axes
  std::vector<double> spectra;          ///< components × channels, ≥ 0, unit sum
  std::vector<double> sigma;            ///< same shape
  std::vector<double> signal;           ///< per component: what the positions averaged hold in all
  std::vector<double> stability;  ///< per component: mean angle in degrees to its match in the other starts; empty
                                  ///< for one start
};

/// Throws invalid_argument for an even window, for too few positions with enough signal, and what `pca` throws.
EndmembersResult endmembers(const Rows& data, const EndmembersParams& params, Context& context);

/// Bytes that it holds beside the rows' own blocks and cache: altogether, and on top for each worker.
std::int64_t endmembers_memory(const Description& data, const EndmembersParams& params);
std::int64_t endmembers_memory_per_worker(const Description& data);

}  // namespace ruska::ops::unmix
