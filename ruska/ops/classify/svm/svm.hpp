// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ruska::ops::classify {

struct SvmParams {
  std::string kernel = "rbf";
  double penalty = 1.0;
  std::optional<double> gamma{};
  std::int64_t degree = 3;
  double coef0 = 0.0;
  double tolerance = 1e-3;
  std::string normalization = "auto";
  std::string layout = "auto";
  std::int64_t folds = 5;
  std::int64_t training_positions = 5000;
  std::int64_t seed = 0;
};

}  // namespace ruska::ops::classify
