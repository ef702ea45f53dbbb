// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"

namespace ruska::ops::eds {

struct ModelFitParams {
  std::vector<std::string> elements{};
  bool also_found = true;
  std::string background = "auto";
  std::string weights = "mean";
  bool non_negative = false;
  std::optional<double> lowest_energy{};
  std::optional<double> highest_energy{};
  std::optional<double> energy_resolution{};
  std::optional<double> beam_energy{};
  double significance = 5.0;
};

/// `eds.model_fit`: the counts of every family of X-ray lines at every position by least squares with all lines and
/// the background at once, so that lines that overlap are told apart, with the standard deviation that this costs.
const Operation& model_fit_operation();

}  // namespace ruska::ops::eds
