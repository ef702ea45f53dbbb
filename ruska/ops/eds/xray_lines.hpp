// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::ops::eds {

/// One transition, or a group of transitions that no EDS detector resolves and that share a Siegbahn name.
struct XrayLine {
  int atomic_number = 0;
  std::string element;  ///< "Fe"
  std::string line;     ///< Siegbahn name in ASCII: "Ka", "Kb", "La", "Lb1", "Lg1", "Ll", "Ma" …
  char family = 'K';    ///< the shell that holds the vacancy: 'K', 'L' or 'M'
  double energy = 0;    ///< keV, of the strongest transition of the group (Kα1, Lα1, Mα1)
  double weight = 0;    ///< intensity relative to the family's alpha line

  struct Transition {
    double energy;  ///< keV
    double weight;  ///< relative to the family's alpha line; they sum to the line's weight
  };
  std::vector<Transition> transitions{};

  /// "Fe_Ka", as HyperSpy writes it.
  std::string name() const { return element + "_" + line; }
  /// "Fe Kα", for people.
  std::string label() const;
};

inline constexpr int first_atomic_number = 5;  ///< boron: the lightest element with a line in the tables
inline constexpr int last_atomic_number = 98;

/// 26 of "Fe". Throws invalid_argument for what is no element with X-ray lines.
int atomic_number(std::string_view element);
/// "Fe" of 26.
const std::string& symbol(int atomic_number);

/// The lines of an element, K before L before M, strongest first within a family. With a beam energy (keV) only those
/// whose shell it can ionise, and weights that follow from the ionisation of the subshells at that energy; without one
/// those of a beam of very high energy.
std::vector<XrayLine> xray_lines(int atomic_number, std::optional<double> beam_energy = std::nullopt);
/// The line of a name such as "Fe_Ka". Throws invalid_argument and lists the element's lines.
XrayLine xray_line(std::string_view name, std::optional<double> beam_energy = std::nullopt);
/// Those of `xray_lines` with an energy within [low, high] keV and a weight of at least `least_weight`.
std::vector<XrayLine> lines_in_range(int atomic_number, double low, double high, std::optional<double> beam_energy,
                                     double least_weight = 0.0);
/// The alpha line that stands for the element in maps: the most energetic of Kα, Lα and Mα within [low, high] keV that
/// lies below half the beam energy; the least energetic within range when all lie above; none when none is in range.
std::optional<XrayLine> main_line(int atomic_number, double low, double high, double beam_energy);

/// X-rays per incident electron and per (atom/cm²), of a whole family by a beam of `beam_energy` keV (cm²): ionisation
/// cross-sections of Green & Cosslett (Proc. Phys. Soc. 78, 1206, 1961), fluorescence and Coster–Kronig yields of
/// xraylib. Good to some tens of percent, which is what these cross-sections are known to.
double family_cross_section(int atomic_number, char family, double beam_energy);

/// Full width at half maximum (keV) of a line at `energy` (keV) of a detector whose width at Mn Kα is
/// `resolution_mn_ka` (eV): √(2.5 · (E − 5.8987 keV) · 1000 eV + FWHM²). Widths below 30 eV, which the formula gives
/// for soft X-rays when the width at Mn Kα is below the Fano limit, are taken as 30 eV. `slope` is the 2.5 eV that a
/// detector of other material or electronics replaces.
double full_width(double energy, double resolution_mn_ka, double slope = 2.5);

/// The energy axis of a spectrum in keV.
struct EnergyAxis {
  double offset = 0;  ///< energy of the centre of channel 0
  double scale = 1;   ///< keV per channel, > 0
  std::int64_t size = 0;

  double at(double channel) const { return offset + scale * channel; }
  double channel(double energy) const { return (energy - offset) / scale; }
  double low() const { return at(-0.5); }
  double high() const { return at(static_cast<double>(size) - 0.5); }
};
/// The only signal axis in keV. Throws invalid_argument unless it is uniform, rising, and in eV or keV.
EnergyAxis energy_axis(const Description& description);

}  // namespace ruska::ops::eds
