// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"
#include "tests/example_data.hpp"

namespace ruska::ops::unmix {

/// Two phases and the spectra of their two halves of the map.
Inputs abundances_example() {
  const Dataset data = example_spectrum_image(12, 14, 240);
  const Shape shape = data.describe().shape();
  const std::vector<double> counts = data.read_all_as_double();
  std::vector<double> spectra(2 * static_cast<std::size_t>(shape[2]), 0.0);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t channel = i % static_cast<std::size_t>(shape[2]);
    const std::size_t column = i / static_cast<std::size_t>(shape[2]) % static_cast<std::size_t>(shape[1]);
    const std::size_t half = column < static_cast<std::size_t>(shape[1]) / 2 ? 0 : 1;
    spectra[half * static_cast<std::size_t>(shape[2]) + channel] += counts[i];
  }
  Description description;
  description.title = "halves";
  description.axes = {Axis{.name = "component", .role = Role::navigation, .size = 2}, data.describe().axes[2]};
  return {{"data", data}, {"spectra", Dataset::from_values<double>(description, spectra)}};
}

}  // namespace ruska::ops::unmix
