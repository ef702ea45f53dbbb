// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Energies, radiative rates, fluorescence and Coster–Kronig yields: xraylib 4 (Schoonjans et al., Spectrochim. Acta B
// 66, 776, 2011). Names: Siegbahn, in the ASCII spelling that HyperSpy's users know.
//
// A family's weights depend on how the beam spreads its vacancies over the subshells i:
//   N_i = Q_i + Σ_{j<i} f_ji N_j,   Q_i = 3.95e-20 cm² keV² · n_i ln(E0 / E_i) / (E_i E0),
// n_i electrons of binding energy E_i (Green & Cosslett's K-shell formula, taken per electron for every shell), f_ji
// the Coster–Kronig yields; a transition of rate r then has the intensity N_i ω_i r. xraylib's functions read constant
// tables and report errors through a pointer that may be null, so that they may be called from any thread.
#include "ruska/ops/eds/xray_lines.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <xraylib/xraylib.h>

#include "ruska/base/error.hpp"

namespace ruska::ops::eds {

namespace {

constexpr double unlimited_beam = 1000.0;  // keV; above every edge, where the weights no longer change

struct Group {
  char family;
  std::string_view name;
  std::string_view label;
  std::vector<std::pair<int, int>> transitions;  // xraylib's line and the subshell of its vacancy
};

// The alpha group of a family comes first; an element without it has no family that an EDS detector sees.
const std::vector<Group>& groups() {
  static const std::vector<Group> all = {
      {'K', "Ka", "Kα", {{KL3_LINE, K_SHELL}, {KL2_LINE, K_SHELL}}},
      {'K',
       "Kb",
       "Kβ",
       {{KM3_LINE, K_SHELL}, {KM2_LINE, K_SHELL}, {KN3_LINE, K_SHELL}, {KN2_LINE, K_SHELL}, {KM5_LINE, K_SHELL}}},
      {'L', "La", "Lα", {{L3M5_LINE, L3_SHELL}, {L3M4_LINE, L3_SHELL}}},
      {'L', "Lb1", "Lβ1", {{L2M4_LINE, L2_SHELL}}},
      {'L',
       "Lb2",
       "Lβ2",
       {{L3N5_LINE, L3_SHELL}, {L3N4_LINE, L3_SHELL}, {L3N1_LINE, L3_SHELL}, {L3O45_LINE, L3_SHELL}}},
      {'L', "Lb3", "Lβ3", {{L1M3_LINE, L1_SHELL}}},
      {'L', "Lb4", "Lβ4", {{L1M2_LINE, L1_SHELL}}},
      {'L', "Lg1", "Lγ1", {{L2N4_LINE, L2_SHELL}, {L2O4_LINE, L2_SHELL}}},
      {'L', "Lg3", "Lγ3", {{L1N3_LINE, L1_SHELL}, {L1N2_LINE, L1_SHELL}}},
      {'L', "Ll", "Ll", {{L3M1_LINE, L3_SHELL}}},
      {'L', "Ln", "Lη", {{L2M1_LINE, L2_SHELL}}},
      {'M', "Ma", "Mα", {{M5N7_LINE, M5_SHELL}, {M5N6_LINE, M5_SHELL}}},
      {'M', "Mb", "Mβ", {{M4N6_LINE, M4_SHELL}}},
      {'M', "Mg", "Mγ", {{M3N5_LINE, M3_SHELL}, {M3N4_LINE, M3_SHELL}}},
      {'M', "M2N4", "M2N4", {{M2N4_LINE, M2_SHELL}}},
      {'M', "Mz", "Mζ", {{M5N3_LINE, M5_SHELL}, {M4N2_LINE, M4_SHELL}}},
  };
  return all;
}

struct CosterKronig {
  int from, to, transition;
};
constexpr CosterKronig coster_kronig[] = {
    {L1_SHELL, L2_SHELL, FL12_TRANS}, {L1_SHELL, L3_SHELL, FL13_TRANS}, {L2_SHELL, L3_SHELL, FL23_TRANS},
    {M1_SHELL, M2_SHELL, FM12_TRANS}, {M1_SHELL, M3_SHELL, FM13_TRANS}, {M1_SHELL, M4_SHELL, FM14_TRANS},
    {M1_SHELL, M5_SHELL, FM15_TRANS}, {M2_SHELL, M3_SHELL, FM23_TRANS}, {M2_SHELL, M4_SHELL, FM24_TRANS},
    {M2_SHELL, M5_SHELL, FM25_TRANS}, {M3_SHELL, M4_SHELL, FM34_TRANS}, {M3_SHELL, M5_SHELL, FM35_TRANS},
    {M4_SHELL, M5_SHELL, FM45_TRANS},
};

std::pair<int, int> subshells(char family) {
  switch (family) {
    case 'K': return {K_SHELL, K_SHELL};
    case 'L': return {L1_SHELL, L3_SHELL};
    case 'M': return {M1_SHELL, M5_SHELL};
    default: throw Error(ErrorKind::invalid_argument, std::string("no family of X-ray lines '") + family + "'");
  }
}

// xraylib 4 lists no rates for the transitions from the 4f shell of lanthanum to europium, whose Mα and Mβ lines every
// map of rare-earth minerals shows. Gadolinium's serve; energies and the yield that are missing as well follow from
// the edges (a 4f electron is bound by less than 5 eV) and from cerium.
bool lacks_4f_rates(int z) { return z >= 57 && z <= 63; }

double rate_of(int z, int transition, int shell) {
  const bool borrowed = lacks_4f_rates(z) && (shell == M4_SHELL || shell == M5_SHELL);
  return RadRate(borrowed ? 64 : z, transition, nullptr);
}

double energy_of(int z, int transition, int shell) {
  // xraylib 4 has 2.0102 keV, by which the phosphorus of apatite looks like zirconium beside it (Bearden, Rev. Mod.
  // Phys. 39, 78, 1967, and the difference of the edges).
  if (z == 15 && transition == KL3_LINE) return 2.0137;
  if (z == 15 && transition == KL2_LINE) return 2.0127;
  const double energy = LineEnergy(z, transition, nullptr);
  const bool from_4f = transition == M5N7_LINE || transition == M5N6_LINE || transition == M4N6_LINE;
  return energy == 0.0 && lacks_4f_rates(z) && from_4f ? EdgeEnergy(z, shell, nullptr) : energy;
}

double yield_of(int z, int shell) {
  const double yield = FluorYield(z, shell, nullptr);
  return yield == 0.0 && z == 57 && shell == M5_SHELL ? FluorYield(58, shell, nullptr) : yield;
}

// Photons per electron and per (atom/cm²) that vacancies in each subshell of a family give, before they are shared
// out among its transitions: N_i ω_i.
std::array<double, M5_SHELL + 1> emission(int z, char family, double beam_energy) {
  std::array<double, M5_SHELL + 1> photons{};
  std::array<double, M5_SHELL + 1> vacancies{};
  const auto [first, last] = subshells(family);
  for (int shell = first; shell <= last; ++shell) {
    const double edge = EdgeEnergy(z, shell, nullptr);
    if (edge > 0 && beam_energy > edge) {
      vacancies[shell] =
          3.95e-20 * ElectronConfig(z, shell, nullptr) * std::log(beam_energy / edge) / (edge * beam_energy);
    }
    for (const auto& [from, to, transition] : coster_kronig) {
      if (to == shell && from >= first) vacancies[shell] += vacancies[from] * CosKronTransProb(z, transition, nullptr);
    }
    photons[shell] = vacancies[shell] * yield_of(z, shell);
  }
  return photons;
}

const std::vector<std::string>& symbols() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names(last_atomic_number + 1);
    for (int z = 1; z <= last_atomic_number; ++z) {
      char* name = AtomicNumberToSymbol(z, nullptr);
      if (name != nullptr) names[z] = name;
      xrlFree(name);
    }
    return names;
  }();
  return all;
}

int family_rank(char family) { return family == 'K' ? 0 : family == 'L' ? 1 : 2; }

}  // namespace

std::string XrayLine::label() const {
  for (const Group& group : groups()) {
    if (group.name == line) return element + " " + std::string(group.label);
  }
  return element + " " + line;
}

int atomic_number(std::string_view element) {
  for (int z = first_atomic_number; z <= last_atomic_number; ++z) {
    if (symbols()[z] == element) return z;
  }
  throw Error(ErrorKind::invalid_argument, "'" + std::string(element) +
                                               "' is no element with X-ray lines; write a symbol from B to Cf with a "
                                               "capital first letter, such as Fe");
}

const std::string& symbol(int z) {
  if (z < 1 || z > last_atomic_number) {
    throw Error(ErrorKind::invalid_argument,
                "atomic number " + std::to_string(z) + " is not within 1 … " + std::to_string(last_atomic_number));
  }
  return symbols()[z];
}

std::vector<XrayLine> xray_lines(int z, std::optional<double> beam_energy) {
  std::vector<XrayLine> lines;
  for (const char family : {'K', 'L', 'M'}) {
    const auto photons = emission(z, family, beam_energy.value_or(unlimited_beam));
    double alpha = 0;
    for (const Group& group : groups()) {
      if (group.family != family) continue;
      XrayLine line{z, symbol(z), std::string(group.name), family};
      double strongest = 0;
      for (const auto& [transition, shell] : group.transitions) {
        const double energy = energy_of(z, transition, shell);
        const double intensity = photons[shell] * rate_of(z, transition, shell);
        if (!(energy > 0) || !(intensity > 0)) continue;
        line.transitions.push_back({energy, intensity});
        line.weight += intensity;
        if (intensity > strongest) {
          strongest = intensity;
          line.energy = energy;
        }
      }
      if (alpha == 0) alpha = line.weight;
      if (alpha == 0) break;
      if (line.transitions.empty()) continue;
      line.weight /= alpha;
      for (auto& transition : line.transitions) transition.weight /= alpha;
      lines.push_back(std::move(line));
    }
  }
  std::stable_sort(lines.begin(), lines.end(), [](const XrayLine& a, const XrayLine& b) {
    if (a.family != b.family) return family_rank(a.family) < family_rank(b.family);
    return a.weight > b.weight;
  });
  return lines;
}

XrayLine xray_line(std::string_view name, std::optional<double> beam_energy) {
  const std::size_t underscore = name.find('_');
  if (underscore == std::string_view::npos) {
    throw Error(ErrorKind::invalid_argument,
                "'" + std::string(name) + "' is no X-ray line; write element and line, such as Fe_Ka");
  }
  const int z = atomic_number(name.substr(0, underscore));
  std::string known;
  for (XrayLine& line : xray_lines(z, beam_energy)) {
    if (line.line == name.substr(underscore + 1)) return std::move(line);
    known += (known.empty() ? "" : ", ") + line.name();
  }
  std::string message = "there is no X-ray line '" + std::string(name) + "'";
  if (beam_energy) message += " that a beam of " + std::to_string(*beam_energy) + " keV excites";
  throw Error(ErrorKind::invalid_argument, message + "; " + symbol(z) + " has " + (known.empty() ? "none" : known));
}

std::vector<XrayLine> lines_in_range(int z, double low, double high, std::optional<double> beam_energy,
                                     double least_weight) {
  std::vector<XrayLine> lines = xray_lines(z, beam_energy);
  std::erase_if(lines, [&](const XrayLine& line) {
    return line.energy < low || line.energy > high || line.weight < least_weight;
  });
  return lines;
}

std::optional<XrayLine> main_line(int z, double low, double high, double beam_energy) {
  std::optional<XrayLine> main;
  for (XrayLine& line : lines_in_range(z, low, high, beam_energy)) {
    if (line.line != "Ka" && line.line != "La" && line.line != "Ma") continue;
    // Families come in the order of falling energy: the first below half the beam energy wins, else the last.
    const bool well_excited = line.energy < 0.5 * beam_energy;
    main = std::move(line);
    if (well_excited) break;
  }
  return main;
}

double family_cross_section(int z, char family, double beam_energy) {
  const auto photons = emission(z, family, beam_energy);
  double sum = 0;
  for (const Group& group : groups()) {
    if (group.family != family) continue;
    for (const auto& [transition, shell] : group.transitions) {
      if (energy_of(z, transition, shell) > 0) sum += photons[shell] * rate_of(z, transition, shell);
    }
  }
  return sum;
}

double full_width(double energy, double resolution_mn_ka, double slope) {
  constexpr double mn_ka = 5.8987;
  constexpr double narrowest = 30.0;
  const double square = slope * (energy - mn_ka) * 1000.0 + resolution_mn_ka * resolution_mn_ka;
  return std::sqrt(std::max(square, narrowest * narrowest)) / 1000.0;
}

EnergyAxis energy_axis(const Description& description) {
  const Axis& axis = description.signal_axis();
  const double unit = axis.units == "keV" ? 1.0 : axis.units == "eV" ? 1e-3 : 0.0;
  if (unit == 0.0) {
    throw Error(ErrorKind::invalid_argument, "the signal axis '" + axis.name + "' has the unit '" + axis.units +
                                                 "', but X-ray lines need an energy axis in eV or keV");
  }
  if (!axis.values.empty() || !(axis.scale > 0)) {
    throw Error(ErrorKind::invalid_argument,
                "the energy axis must rise in equal steps; its step is " + std::to_string(axis.scale));
  }
  return {axis.offset * unit, axis.scale * unit, axis.size};
}

}  // namespace ruska::ops::eds
