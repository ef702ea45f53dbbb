// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/phases/abundance_field.hpp"
#include "ruska/ops/unmix/phases/noise_edge.hpp"

namespace ruska::ops::unmix {

struct PhasesParams {
  std::optional<std::int64_t> phases{};
  double minimum_area = 0.01;
  double sensitivity = 0.05;
  std::vector<std::string> elements{};
  double vacuum_level = 0.02;
  std::int64_t starts = 4;
  std::int64_t bootstrap = 20;
  std::int64_t seed = 0;
};

/// The phases of a spectrum image. Arrays over positions are position-major and hold zeros where there is no phase.
struct PhasesResult {
  std::int64_t phases = 1;
  std::string reason;  ///< why this number, as a sentence
  bool identifiable = true;
  std::string verdict;  ///< whether the counts support the answer, and why

  std::vector<std::int32_t> map;         ///< phase of each position; -1: vacuum or masked
  std::vector<float> probability;        ///< of the phase that the map shows, from repeated measurements
  Abundances abundances;                 ///< positions × phases: share of the counts that each phase sends
  std::vector<float> abundances_sigma;   ///< same shape
  std::vector<float> residual;           ///< (χ² − expected)/σ of each position
  std::vector<double> area, area_sigma;  ///< share of the positions that have a phase
  std::vector<double> mean_counts;       ///< counts per position, over the positions of the phase
  std::vector<double> stability;         ///< mean correlation of the phase's map with that of other starts; 1 is best

  std::vector<double> pure_counts;           ///< phases × channels: counts added up over the purest positions
  std::vector<std::int64_t> pure_positions;  ///< how many these are
  std::vector<double> spectra_sigma;         ///< phases × channels: σ of pure_counts / pure_positions

  NoiseEdge edge;
  Coupling coupling;
  double dispersion = 1;           ///< variance over mean of the values
  double vacuum_threshold = 0;     ///< counts
  std::int64_t vacuum = 0;         ///< positions below it
  std::int64_t used = 0;           ///< positions that have a phase
  double counts_per_position = 0;  ///< mean over the positions that have a phase
};

/// Finds them. Throws bad_data for values that are not finite or all zero, invalid_argument for negative ones and for
/// more phases than positions or channels.
PhasesResult find_phases(const Rows& rows, const PhasesParams& params, Context& context);

/// Bytes held beside the rows' cache.
std::int64_t phases_memory(const Description& data, const PhasesParams& params);
std::int64_t phases_memory_per_worker(const Description& data);

}  // namespace ruska::ops::unmix
