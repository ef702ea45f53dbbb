// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/operation.hpp"

namespace ruska::ops::eels {

/// Carbon and nitrogen edges on a power law: 6 × 7 spectra of 150 channels from 220 eV on.
Inputs edge_map_example() {
  Description description;
  description.title = "carbon and nitrogen";
  description.signal_type = "EELS";
  description.axes = {{.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = 6},
                      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = 7},
                      {.name = "Energy loss",
                       .quantity = "energy",
                       .units = "eV",
                       .role = Role::signal,
                       .size = 150,
                       .scale = 2.0,
                       .offset = 220.0}};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Sample.elements", Json::array({"C", "N"}));
  std::vector<std::uint16_t> counts;
  for (std::int64_t p = 0; p < 42; ++p) {
    Random random(11, "edge map example", static_cast<std::uint64_t>(p));
    for (std::int64_t e = 0; e < 150; ++e) {
      const double loss = description.axes[2].at(static_cast<double>(e));
      double mean = 400.0 * std::pow(loss / 220.0, -3.0);
      if (loss > 284.0) mean += 80.0 * std::pow(loss / 284.0, -4.0);
      if (loss > 410.0 && p % 7 > 3) mean += 40.0 * std::pow(loss / 410.0, -4.0);
      counts.push_back(static_cast<std::uint16_t>(random.poisson(mean)));
    }
  }
  return Inputs{{"data", Dataset::from_values<std::uint16_t>(std::move(description), counts)}};
}

}  // namespace ruska::ops::eels
