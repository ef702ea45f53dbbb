// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::simulate {

struct EdsParams {
  std::string phantom = "needle";
  std::optional<std::int64_t> x{};
  std::optional<std::int64_t> y{};
  std::int64_t tilts = 1;
  std::optional<std::int64_t> energy_channels{};
  double dispersion = 10.0;
  double offset = 0.0;
  double counts_per_spectrum = 100.0;
  double beam_energy = 200.0;
  double energy_resolution = 130.0;
  double background_fraction = 0.2;
  std::string detector = "ideal";
  bool escape = false;
  double pile_up = 0.0;
  double peak_fraction = 0.8;
  std::int64_t seed = 0;
};

/// `simulate.eds`: counts at position p and channel e are Poisson numbers of mean λ_p Σ_k a_pk s_ke, with spectra s_k
/// of sum 1, abundances a_p of sum 1 where the beam meets the specimen, and λ_p the expected counts, zero beside it.
const Operation& eds_operation();

}  // namespace ruska::ops::simulate
