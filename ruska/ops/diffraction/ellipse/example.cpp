// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/example_data.hpp"

namespace ruska::ops::diffraction {

Inputs ellipse_example() {
  static const Dataset data = [] {
    const Operation& simulate = operation("simulate.diffraction_scan");
    const Json given{{"specimen", "amorphous"}, {"x", 4},           {"y", 3},
                     {"detector_x", 36},        {"detector_y", 40}, {"dose", 20000},
                     {"ellipticity", 1.05}};
    Context context;
    return simulate.run({}, complete(simulate.parameters, given), context).dataset("data");
  }();
  return {{"data", data}};
}

}  // namespace ruska::ops::diffraction
