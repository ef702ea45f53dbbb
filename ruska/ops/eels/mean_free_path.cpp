// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/mean_free_path.hpp"

#include <cmath>

namespace ruska::ops::eels {

double inelastic_mean_free_path(double density, double beam_energy, double convergence, double collection) {
  constexpr double cut_off = 20.0;  // mrad
  const double relativistic = (1.0 + beam_energy / 1022.0) / std::pow(1.0 + beam_energy / 511.0, 2);
  const double characteristic = 5.5 * std::pow(density, 0.3) / (relativistic * beam_energy);  // mrad
  const double a2 = convergence * convergence, b2 = collection * collection, c2 = cut_off * cut_off;
  const double e2 = characteristic * characteristic;
  const double inverse =
      11.0 * std::pow(density, 0.3) / (200.0 * relativistic * beam_energy) *
      std::log((a2 + b2 + 2.0 * e2 + std::abs(a2 - b2)) / (a2 + b2 + 2.0 * c2 + std::abs(a2 - b2)) * c2 / e2);
  return 1.0 / inverse;
}

}  // namespace ruska::ops::eels
