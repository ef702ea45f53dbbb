// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska {

/// One value per position of `data` as an image over its navigation axes; over one axis of length 1 where there are
/// none.
inline Dataset position_map(const Description& data, const std::vector<double>& values, const std::string& title) {
  Description description;
  description.title = title;
  for (const Axis& axis : data.axes) {
    if (axis.role != Role::navigation) continue;
    description.axes.push_back(axis);
    description.axes.back().role = Role::signal;
  }
  if (description.axes.empty()) description.axes = {{.name = "position", .role = Role::signal, .size = 1}};
  return Dataset::from_values<double>(std::move(description), values);
}

}  // namespace ruska
