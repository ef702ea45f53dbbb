// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ruska::ops::classify {

struct ForestParams {
  std::string criterion = "gini";
  std::int64_t trees = 100;
  std::optional<std::int64_t> max_depth{};
  std::int64_t min_leaf = 1;
  std::optional<std::int64_t> split_features{};
  bool bootstrap = true;
  std::string normalization = "auto";
  std::string layout = "auto";
  std::int64_t folds = 5;
  std::int64_t training_positions = 5000;
  std::int64_t seed = 0;
};

}  // namespace ruska::ops::classify
