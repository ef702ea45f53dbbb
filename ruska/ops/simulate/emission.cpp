// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// A thin specimen: element x of atomic fraction c_x in a phase of density ρ sends
//   n c_x Q_x(family) per electron and length,   n = ρ N_A / Σ c_x A_x,
// photons, Q from `family_cross_section`, shared out by the family's line weights; no absorption within the specimen.
// Bremsstrahlung follows Kramers (Phil. Mag. 46, 836, 1923), (E0 − E) / E, times 1 − exp(−(E / 0.6 keV)²) for what
// specimen and window take from its soft end. Phases given by line weights have Kα lines of that weight, Kβ lines
// after xraylib, and iron's and copper's L families at 0.3 and 0.4 of Kα.
#include "ruska/ops/simulate/emission.hpp"

#include <cmath>
#include <numeric>

#include <xraylib/xraylib.h>

#include "ruska/base/error.hpp"
#include "ruska/ops/eds/detector.hpp"

namespace ruska::ops::simulate {

namespace {

double efficiency(const Spectrometer& spectrometer, double energy) {
  return spectrometer.polymer_window ? eds::polymer_window_efficiency(energy) : 1.0;
}

// Adds the lines of one family of `photons` in total.
void add_family(std::vector<double>& spectrum, const Spectrometer& spectrometer, int z, char family, double photons) {
  const auto lines = eds::xray_lines(z, spectrometer.beam_energy);
  double total = 0;
  for (const auto& line : lines) {
    if (line.family == family) total += line.weight;
  }
  if (total == 0) return;
  for (const auto& line : lines) {
    if (line.family != family) continue;
    for (const auto& [energy, weight] : line.transitions) {
      const double counts = photons * weight / total * efficiency(spectrometer, energy);
      const double escaped = spectrometer.escape ? eds::escape_fraction(energy) : 0.0;
      const auto width = [&](double at) { return eds::full_width(at, spectrometer.resolution_mn_ka); };
      eds::add_peak(spectrum, spectrometer.axis, energy, width(energy), counts * (1.0 - escaped));
      if (escaped > 0) {
        const double low = energy - eds::escape_energy;
        eds::add_peak(spectrum, spectrometer.axis, low, width(low), counts * escaped);
      }
    }
  }
}

// Sum of the weights of the family's lines relative to its alpha line.
double weight_of_family(int z, char family, double beam_energy) {
  double sum = 0;
  for (const auto& line : eds::xray_lines(z, beam_energy)) sum += line.family == family ? line.weight : 0.0;
  return sum;
}

double detected_line_weight_of_l_family(const std::string& element) {
  return element == "Fe" ? 0.3 : element == "Cu" ? 0.4 : 0.0;
}

void scale_to(std::vector<double>& values, double sum) {
  const double now = std::accumulate(values.begin(), values.end(), 0.0);
  if (!(now > 0)) return;
  for (double& value : values) value *= sum / now;
}

std::vector<double> bremsstrahlung(const Spectrometer& spectrometer) {
  std::vector<double> counts(static_cast<std::size_t>(spectrometer.axis.size), 0.0);
  for (std::size_t channel = 0; channel < counts.size(); ++channel) {
    const double energy = spectrometer.axis.at(static_cast<double>(channel));
    if (energy <= 0 || energy >= spectrometer.beam_energy) continue;
    counts[channel] = (spectrometer.beam_energy - energy) / energy * -std::expm1(-(energy / 0.6) * (energy / 0.6)) *
                      efficiency(spectrometer, energy);
  }
  return counts;
}

// Two photons within the shaping time are counted once, at the sum of their energies.
void pile_up(std::vector<double>& spectrum, const Spectrometer& spectrometer) {
  std::vector<double> sums(spectrum.size(), 0.0);
  const double shift = spectrometer.axis.offset / spectrometer.axis.scale;
  for (std::size_t i = 0; i < spectrum.size(); ++i) {
    if (spectrum[i] == 0) continue;
    for (std::size_t j = 0; j < spectrum.size(); ++j) {
      const double place = static_cast<double>(i + j) + shift;
      if (!(place >= 0) || place >= static_cast<double>(spectrum.size() - 1)) continue;
      const auto below = static_cast<std::size_t>(place);
      const double counts = spectrum[i] * spectrum[j], above = place - static_cast<double>(below);
      sums[below] += counts * (1.0 - above);
      sums[below + 1] += counts * above;
    }
  }
  for (std::size_t i = 0; i < spectrum.size(); ++i) {
    spectrum[i] = (1.0 - spectrometer.pile_up) * spectrum[i] + spectrometer.pile_up * sums[i];
  }
}

}  // namespace

Emission emission(const Phase& phase, const Spectrometer& spectrometer) {
  Emission result;
  std::vector<double>& spectrum = result.spectrum;
  spectrum.assign(static_cast<std::size_t>(spectrometer.axis.size), 0.0);
  const bool line_weights = phase.density == 0;

  double mass = 0;
  for (const Constituent& part : phase.constituents) {
    mass += part.amount * AtomicWeight(eds::atomic_number(part.element), nullptr);
  }
  constexpr double avogadro = 6.02214076e23;
  const double atoms = line_weights ? 0.0 : phase.density * avogadro / mass * 1e-7;  // per cm² and nm
  for (const auto& [element, amount] : phase.constituents) {
    const int z = eds::atomic_number(element);
    for (const char family : {'K', 'L', 'M'}) {
      double photons = atoms * amount * eds::family_cross_section(z, family, spectrometer.beam_energy);
      if (line_weights) {
        photons = family == 'K'   ? amount * weight_of_family(z, 'K', spectrometer.beam_energy)
                  : family == 'L' ? amount * detected_line_weight_of_l_family(element)
                                  : 0.0;
      }
      add_family(spectrum, spectrometer, z, family, photons);
    }
  }
  const double lines = std::accumulate(spectrum.begin(), spectrum.end(), 0.0);
  result.brightness = line_weights ? 1.0 : lines / (1.0 - spectrometer.background_fraction);

  scale_to(spectrum, 1.0 - spectrometer.background_fraction);
  if (spectrometer.background_fraction > 0) {
    std::vector<double> background = bremsstrahlung(spectrometer);
    scale_to(background, spectrometer.background_fraction);
    for (std::size_t i = 0; i < spectrum.size(); ++i) spectrum[i] += background[i];
  }
  if (spectrometer.pile_up > 0) pile_up(spectrum, spectrometer);
  scale_to(spectrum, 1.0);
  if (!(lines > 0)) {
    throw Error(ErrorKind::invalid_argument,
                "no line of phase " + phase.name + " lies on the energy axis, " +
                    std::to_string(spectrometer.axis.low()) + " … " + std::to_string(spectrometer.axis.high()) +
                    " keV; give more energy_channels, a larger dispersion or another offset");
  }
  return result;
}

}  // namespace ruska::ops::simulate
