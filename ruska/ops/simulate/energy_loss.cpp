// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Valence electrons. Of the 1/λ of K. Iakoubovskii et al., Microsc. Res. Tech. 71, 626 (2008), seven tenths follow the
// Drude loss function of a plasmon,
//   s(E) ∝ E Γ E_p² / ((E² − E_p²)² + (E Γ)²),   ∫ s = Γ / 2c (π/2 + atan(b / c)) E_p²,  b = E_p² − Γ²/2,  c² = E_p⁴ −
//   b²,
// and three tenths a tail whose share above E is (1 + (E / 40 eV)²)^(−(r−1)/2): the power law before edges.
//
// Inner shells. Bethe's cross-section (Egerton, 3rd ed. 2011, sections 3.2.2 and 3.6),
//   dσ/dE = 4π a₀² R² / (T E) · df/dE · ln(1 + (β / θ_E)²),   T = m₀v²/2,  θ_E = E / 2γT,
// with the oscillator strength of f electrons, df/dE = 2 f E_k² / E³ above the onset: a saw-tooth. M and N shells rise
// with 1 − exp(−(E − E_k) / 0.1 E_k), as centrifugal barriers delay them. White lines of the L2 and L3 shells of Sc to
// Ni and the M4 and M5 shells of La to Yb: Gaussians of 2 eV full width, 1 eV above the onset, of strength f / 20.
#include "ruska/ops/simulate/energy_loss.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <xraylib/xraylib.h>

#include "ruska/base/error.hpp"
#include "ruska/ops/eds/xray_lines.hpp"
#include "ruska/ops/eels/mean_free_path.hpp"

namespace ruska::ops::simulate {

namespace {

constexpr double tail_share = 0.3;
constexpr double tail_start = 40.0;        // eV
constexpr double highest_onset = 10000.0;  // eV
constexpr double delay = 0.1;              // of the onset
constexpr double white_line_share = 0.05;  // of the subshell's electrons
constexpr double white_line_place = 1.0;   // eV above the onset
constexpr double white_line_sigma = 2.0 / 2.3548;
constexpr double width_of_sigma = 2.3548;
constexpr int samples = 8;  // of a channel

constexpr double rest_energy = 510.99895;  // keV
constexpr double bohr_radius = 0.0529177;  // nm
constexpr double rydberg = 13.605693;      // eV

double electrons_of(const std::string& shell) {
  if (shell == "K" || shell == "L2") return 2;
  if (shell == "L3" || shell == "M4" || shell == "N4") return 4;
  if (shell == "M5" || shell == "N5") return 6;
  return 0;  // too weak beside the others
}

bool has_white_line(int z, const std::string& shell) {
  if (shell == "L2" || shell == "L3") return z >= 21 && z <= 28;
  if (shell == "M4" || shell == "M5") return z >= 57 && z <= 70;
  return false;
}

}  // namespace

double Scatterer::cross_section(const EdgeScattering& one, double loss) const {
  const double gamma = 1.0 + beam.energy / rest_energy;
  const double kinetic = 0.5e3 * rest_energy * (1.0 - 1.0 / (gamma * gamma));  // m₀v²/2, eV
  const double onset = one.edge.onset;
  double strength = 0;  // df/dE
  if (loss >= onset) {
    strength = 2.0 * one.electrons * onset * onset / (loss * loss * loss);
    if (one.edge.shell.front() == 'M' || one.edge.shell.front() == 'N') {
      strength *= 1.0 - std::exp(-(loss - onset) / (delay * onset));
    }
  }
  if (one.white_line) {
    const double z = (loss - onset - white_line_place) / white_line_sigma;
    strength += white_line_share * one.electrons / (white_line_sigma * std::sqrt(2.0 * std::numbers::pi)) *
                std::exp(-0.5 * z * z);
  }
  const double angle = 1e3 * loss / (2.0 * gamma * kinetic);  // mrad
  const double ratio = beam.collection / angle;
  return 4.0 * std::numbers::pi * bohr_radius * bohr_radius * rydberg * rydberg / (kinetic * loss) * strength *
         std::log1p(ratio * ratio);
}

std::vector<double> Scatterer::probabilities(double step, std::int64_t channels, int without_element) const {
  std::vector<double> values(static_cast<std::size_t>(channels), 0.0);
  // The Drude function by its integral.
  const double square = plasmon_energy * plasmon_energy, width_square = plasmon_width * plasmon_width;
  const double b = square - 0.5 * width_square, c = std::sqrt(square * square - b * b);
  const double norm = 0.5 * std::numbers::pi + std::atan(b / c);
  const auto below = [&](double loss) {  // share of the valence losses up to it
    if (!(loss > 0)) return 0.0;
    const double drude = (std::atan((loss * loss - b) / c) + std::atan(b / c)) / norm;
    const double ratio = loss / tail_start;
    const double tail = 1.0 - std::pow(1.0 + ratio * ratio, -0.5 * (tail_exponent - 1.0));
    return (1.0 - tail_share) * drude + tail_share * tail;
  };
  for (std::int64_t m = 0; m < channels; ++m) {
    const double loss = static_cast<double>(m) * step;
    double& value = values[static_cast<std::size_t>(m)];
    value = valence * (below(loss + 0.5 * step) - below(loss - 0.5 * step));
    for (const EdgeScattering& one : edges) {
      if (one.edge.atomic_number == without_element || loss + step < one.edge.onset - 8.0 * white_line_sigma) continue;
      for (int sample = 0; sample < samples; ++sample) {
        const double place = loss + step * ((sample + 0.5) / samples - 0.5);
        if (place > 0) value += one.atoms * cross_section(one, place) * step / samples;
      }
    }
  }
  return values;
}

double Scatterer::total() const {
  double sum = valence;
  for (const EdgeScattering& one : edges) {
    // In steps of the logarithm, up to where no loss matters; the white line in steps of its own.
    const double start = one.edge.onset;
    constexpr int steps = 4000;
    EdgeScattering bare = one;
    bare.white_line = false;
    for (int i = 0; i < steps; ++i) {
      const double low = start * std::pow(100.0, static_cast<double>(i) / steps);
      const double high = start * std::pow(100.0, (i + 1.0) / steps);
      sum += one.atoms * cross_section(bare, 0.5 * (low + high)) * (high - low);
    }
    if (!one.white_line) continue;
    EdgeScattering full = one;
    for (int i = -400; i < 400; ++i) {
      const double place = start + white_line_place + (i + 0.5) * 0.01 * 2.0 * white_line_sigma;
      sum += one.atoms * (cross_section(full, place) - cross_section(bare, place)) * 0.02 * white_line_sigma;
    }
  }
  return sum;
}

Scatterer scatterer(const Phase& phase, double plasmon_energy, double plasmon_width, double tail_exponent,
                    const ElectronBeam& beam) {
  if (!(phase.density > 0) || !(plasmon_width > 0) || !(plasmon_width < 1.9 * plasmon_energy)) {
    throw Error(ErrorKind::internal, "the phase " + phase.name + " has no density or no plasmon");
  }
  Scatterer made;
  made.beam = beam;
  made.plasmon_energy = plasmon_energy;
  made.plasmon_width = plasmon_width;
  made.tail_exponent = tail_exponent;
  made.valence = 1.0 / eels::inelastic_mean_free_path(phase.density, beam.energy, beam.convergence, beam.collection);
  double fractions = 0, mass = 0;
  for (const Constituent& part : phase.constituents) {
    fractions += part.amount;
    mass += part.amount * AtomicWeight(eds::atomic_number(part.element), nullptr);
  }
  const double atoms = 602.214 * phase.density * fractions / mass;  // per nm³
  for (const Constituent& part : phase.constituents) {
    const int z = eds::atomic_number(part.element);
    for (const eels::Edge& edge : eels::edges_within(z, 30.0, highest_onset)) {
      const double electrons = electrons_of(edge.shell);
      if (electrons == 0) continue;
      made.edges.push_back({edge, atoms * part.amount / fractions, electrons, has_white_line(z, edge.shell)});
    }
  }
  return made;
}

LossSpectrum::LossSpectrum(const std::vector<Scatterer>& phases, const eels::LossAxis& axis, double resolution)
    : axis_(axis), sigma_(resolution / width_of_sigma / axis.scale) {
  before_ = std::max<std::int64_t>(
      0, static_cast<std::int64_t>(std::ceil((axis.offset / axis.scale) + 8.0 * std::max(sigma_, 1.0))));
  // Twice the length, so that double scattering does not come round to the start.
  const std::int64_t length = fast_fourier_length(2 * (before_ + axis.size) + static_cast<std::int64_t>(16.0 * sigma_));
  fourier_ = std::make_shared<const RealFourier<double>>(std::vector<std::int64_t>{length});
  Work memory = work();
  for (const Scatterer& phase : phases) {
    const std::vector<double> probabilities = phase.probabilities(axis.scale, length / 2);
    std::fill(memory.values.values().begin(), memory.values.values().end(), 0.0);
    std::copy(probabilities.begin(), probabilities.end(), memory.values.values().begin());
    fourier_->forward(memory.values, memory.half);
    const auto half = memory.half.values();
    scattering_.emplace_back(half.begin(), half.end());
    const double total = phase.total();
    for (auto& value : scattering_.back()) value -= total;
  }
}

LossSpectrum::Work LossSpectrum::work() const {
  return {FourierBuffer<std::complex<double>>(fourier_->half_size()), FourierBuffer<double>(fourier_->size())};
}

void LossSpectrum::expected(std::span<const double> lengths, double zero, std::span<double> out, Work& work) const {
  // The peak lies at this channel of the grid, whose channel `before_` is the first of the axis.
  const double place = static_cast<double>(before_) + axis_.channel(zero);
  const double reach = 8.0 * std::max(sigma_, 1.0);
  std::fill(work.values.values().begin(), work.values.values().end(), 0.0);
  const auto below = [&](double channel) { return 0.5 * std::erfc((place - channel) / (sigma_ * std::sqrt(2.0))); };
  const auto last = std::min(fourier_->size() - 1, static_cast<std::int64_t>(std::ceil(place + reach)));
  for (std::int64_t c = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(place - reach))); c <= last;
       ++c) {
    const double channel = static_cast<double>(c);
    work.values[c] = (below(channel + 0.5) - below(channel - 0.5)) / static_cast<double>(fourier_->size());
  }
  fourier_->forward(work.values, work.half);
  for (std::int64_t k = 0; k < fourier_->half_size(); ++k) {
    std::complex<double> exponent = 0.0;
    for (std::size_t phase = 0; phase < lengths.size(); ++phase) {
      exponent += lengths[phase] * scattering_[phase][static_cast<std::size_t>(k)];
    }
    work.half[k] *= std::exp(exponent);
  }
  fourier_->backward(work.half, work.values);
  for (std::size_t c = 0; c < out.size(); ++c) {
    out[c] = std::max(0.0, work.values[before_ + static_cast<std::int64_t>(c)]);
  }
}

}  // namespace ruska::ops::simulate
