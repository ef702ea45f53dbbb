// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "ruska/base/random.hpp"
#include "ruska/ops/diffraction/disk_list.hpp"
#include "tests/example_data.hpp"

namespace ruska::ops::diffraction {

Inputs strain_example();

/// A scan of 6 × 7 positions over a crystal that is stretched along x from left to right; every third disk is missing
/// somewhere, and the last position shows nothing.
Inputs strain_example() {
  constexpr std::int64_t height = 6, width = 7, longest = 25;
  std::vector<double> values(static_cast<std::size_t>(height * width * longest * 3),
                             std::numeric_limits<double>::quiet_NaN());
  for (std::int64_t p = 0; p + 1 < height * width; ++p) {
    Random random(3, "strain example", static_cast<std::uint64_t>(p));
    const double stretch = 1 + 0.005 * static_cast<double>(p % width);
    auto next = static_cast<std::size_t>(p * longest * 3);
    for (int h = -2; h <= 2; ++h) {
      for (int k = -2; k <= 2; ++k) {
        if ((h != 0 || k != 0) && random.uniform() < 0.3) continue;
        values[next++] = 60 + 20 * k + 0.05 * random.normal();
        values[next++] = 62 + 20 * h / stretch + 3 * k + 0.05 * random.normal();
        values[next++] = 400 / (1.0 + h * h + k * k);
      }
    }
  }
  const Axes scan{{.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = height},
                  {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = width}};
  return {{"disks", disk_list_dataset<double>(scan, longest, "disks", "px", Json::object(), values)}};
}

}  // namespace ruska::ops::diffraction
