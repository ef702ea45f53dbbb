// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/lattice_scan.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/core/operation.hpp"

namespace ruska::golden {
namespace {

Dataset simulated(Json given) {
  given["specimen"] = "lattice";
  given["dose_per"] = "pixel";
  Context context;
  const Operation& simulate = operation("simulate.diffraction_scan");
  return simulate.run({}, complete(simulate.parameters, given), context).dataset("data");
}

}  // namespace

LatticeScan::LatticeScan(bool with_dislocation)
    : dislocation(with_dislocation),
      intensity(simulated({{"dislocation", with_dislocation}, {"dose", 1}, {"noise", false}}).read_all_as_double()) {}

double LatticeScan::largest() const { return *std::max_element(intensity.begin(), intensity.end()); }

Dataset LatticeScan::draw(double dose, std::int64_t seed) const {
  return simulated({{"dislocation", dislocation}, {"dose", dose}, {"seed", seed}});
}

double LatticeScan::peak_signal_to_noise(const std::vector<double>& values, double dose) const {
  double squares = 0;
  for (std::size_t i = 0; i < intensity.size(); ++i) {
    const double error = values[i] / dose - intensity[i];
    squares += error * error;
  }
  return 10 * std::log10(largest() * largest() * static_cast<double>(intensity.size()) / squares);
}

}  // namespace ruska::golden
