// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::diffraction {

struct DpcParams {
  std::string reference = "auto";
  std::optional<double> rotation{};
  std::optional<bool> transposed{};
  std::optional<double> pixel_size{};
  std::optional<double> beam_energy{};
  std::optional<double> thickness{};
  std::string border = "mirrored";
  std::optional<double> high_pass{};
};

/// `diffraction.dpc`: differential phase contrast from the centre of mass: deflection, projected electric field and
/// phase of the specimen in physical units, each with its standard deviation.
const Operation& dpc_operation();

}  // namespace ruska::ops::diffraction
