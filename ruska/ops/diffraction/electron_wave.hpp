// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace ruska::ops::diffraction {

inline constexpr double electron_rest_energy = 510.99895;   ///< keV
inline constexpr double planck_times_light = 1.2398419843;  ///< keV nm

/// De Broglie wavelength in nm of electrons accelerated by `beam_energy` kV: λ = hc / √(E (E + 2 m c²)).
inline double electron_wavelength(double beam_energy) {
  return planck_times_light / std::sqrt(beam_energy * (beam_energy + 2 * electron_rest_energy));
}

/// The product β² m c² γ = p v of these electrons in keV: half of it over the wavelength is what a phase gradient of π
/// per length costs, and a transverse force F acting over the thickness t deflects by F t / (p v).
inline double momentum_times_velocity(double beam_energy) {
  return beam_energy * (beam_energy + 2 * electron_rest_energy) / (beam_energy + electron_rest_energy);
}

}  // namespace ruska::ops::diffraction
