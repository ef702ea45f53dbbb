// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::eels {

struct ThicknessParams {
  std::string zero_loss = "reflected";
  std::optional<double> cut{};
  std::optional<double> density{};
  std::optional<double> beam_energy{};
  std::optional<double> convergence_angle{};
  std::optional<double> collection_angle{};
  std::optional<double> gain{};
};

/// `eels.thickness`: thickness in units of the inelastic mean free path, t/λ = ln(I_t / I_0), at every position of a
/// low-loss map, with its standard deviation; in nm where the density is given.
const Operation& thickness_operation();

}  // namespace ruska::ops::eels
