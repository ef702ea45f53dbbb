// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/si_prefix.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ruska::io {

Calibration handy(double scale, const std::string& units, std::int64_t size) {
  struct Step {
    int power;
    const char* prefix;
  };
  static constexpr std::array steps{Step{-12, "p"}, Step{-9, "n"}, Step{-6, "µ"}, Step{-3, "m"}, Step{0, ""}};
  const bool reciprocal = units == "1/m";
  if ((units != "m" && units != "s" && !reciprocal) || !(scale != 0) || !std::isfinite(scale)) return {1, units};
  const double half = std::fabs(scale) * static_cast<double>(std::max<std::int64_t>(size, 1)) / 2;
  if (reciprocal) {
    // The prefix that a reciprocal needs is the opposite one: 5e8 1/m = 0.5 1/nm = 500 1/µm.
    for (const Step& step : steps) {
      if (half * std::pow(10.0, step.power) >= 1)
        return {std::pow(10.0, step.power), "1/" + (step.prefix + std::string("m"))};
    }
    return {1, units};
  }
  const Step* best = &steps.front();
  for (const Step& step : steps) {
    // Half a part in 10¹² lets 1e-6 m, which is not exact, count as 1 µm.
    if (half * (1 + 5e-13) >= std::pow(10.0, step.power)) best = &step;
  }
  return {std::pow(10.0, -best->power), best->prefix + units};
}

}  // namespace ruska::io
