// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/operation.hpp"
#include "tests/example_data.hpp"

// Small inputs for the tests of this family.
namespace ruska::ops::classify {

/// A map of two phases, left and right, and a painted mask: class 1 in the two first columns, class 3 in the two last.
inline Inputs labelled_example() {
  const Dataset data = example_spectrum_image(6, 8, 32);
  Description painted;
  painted.title = "painted mask";
  painted.axes = {{.name = "y", .role = Role::signal, .size = 6}, {.name = "x", .role = Role::signal, .size = 8}};
  std::vector<std::uint16_t> labels(48, 0);
  for (std::size_t p = 0; p < labels.size(); ++p) labels[p] = p % 8 < 2 ? 1 : p % 8 >= 6 ? 3 : 0;
  return {{"data", data}, {"labels", Dataset::from_values<std::uint16_t>(std::move(painted), labels)}};
}

}  // namespace ruska::ops::classify
