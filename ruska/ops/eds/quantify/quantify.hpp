// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"

namespace ruska::ops::eds {

struct QuantifyParams {
  std::string method = "cliff_lorimer";
  std::vector<std::string> elements{};
  std::vector<std::string> exclude{};
  std::vector<std::string> lines{};
  std::vector<std::string> factors{};
  std::optional<double> factor_error{};
  std::string intensities = "model";
  bool absorption = false;
  std::optional<double> take_off_angle{};
  std::optional<double> thickness{};
  std::optional<double> density{};
  std::optional<double> dose{};
  std::optional<double> solid_angle{};
  std::string detector = "polymer_window";
  double least_signal = 3.0;
  double window = 2.0;
  double background_left = 2.0;
  double background_right = 2.0;
  double background_width = 1.0;
  std::optional<double> energy_resolution{};
  std::optional<double> beam_energy{};
  double significance = 5.0;
};

/// `eds.quantify`: composition at every position from the counts of X-ray lines by Cliff–Lorimer, ζ factors or partial
/// cross-sections, with σ from counting, overlaps, background and the factors, and detection limits.
const Operation& quantify_operation();

}  // namespace ruska::ops::eds
