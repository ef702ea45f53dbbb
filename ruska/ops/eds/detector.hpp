// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "ruska/ops/eds/xray_lines.hpp"

namespace ruska::ops::eds {

/// Adds a Gaussian peak of `area` counts, integrated over each channel, to a spectrum on `axis`. `width` is the full
/// width at half maximum (keV). Touches the channels within five standard deviations.
void add_peak(std::span<double> spectrum, const EnergyAxis& axis, double energy, double width, double area);

/// Energy by which a photon's pulse falls short when a silicon Kα photon leaves the detector, keV.
inline constexpr double escape_energy = 1.740;

/// Fraction of the photons of an energy (keV) that a silicon detector counts `escape_energy` too low. S. J. B. Reed and
/// N. G. Ware, J. Phys. E 5, 582 (1972): ½ ω_K (1 − 1/r) (1 − (μ_K/μ) ln(1 + μ/μ_K)) for normal incidence, μ and μ_K
/// being silicon's absorption of the photon and of its own Kα line.
double escape_fraction(double energy);

/// Share of the photons of an energy (keV) that a silicon drift detector behind a polymer window counts: 300 nm of
/// carbon and 40 nm of aluminium in front, 100 nm of dead silicon, 0.45 mm of live silicon.
double polymer_window_efficiency(double energy);

/// The same detector without window and metal: 100 nm of dead silicon, 0.45 mm of live silicon.
double windowless_efficiency(double energy);

}  // namespace ruska::ops::eds
