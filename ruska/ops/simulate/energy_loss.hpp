// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ruska/math/fourier.hpp"
#include "ruska/ops/eels/edges.hpp"
#include "ruska/ops/eels/loss_axis.hpp"
#include "ruska/ops/simulate/phantom.hpp"

namespace ruska::ops::simulate {

/// How electrons reach the spectrometer.
struct ElectronBeam {
  double energy = 200;      ///< keV
  double convergence = 10;  ///< mrad, semi-angle
  double collection = 20;   ///< mrad, semi-angle
};

/// An inner shell's edge in single scattering.
struct EdgeScattering {
  eels::Edge edge;
  double atoms = 0;      ///< per nm³
  double electrons = 0;  ///< in the subshell
  bool white_line = false;
};

/// How a phase scatters inelastically, per nm.
struct Scatterer {
  double valence = 0;         ///< scatterings of valence electrons, 1/nm
  double plasmon_energy = 0;  ///< eV
  double plasmon_width = 0;   ///< eV
  double tail_exponent = 3;   ///< r of what single-electron excitations leave at high losses
  std::vector<EdgeScattering> edges{};
  ElectronBeam beam{};

  /// Probability per nm of losing an energy within channels of `step` eV centred at 0, step, 2 step …
  std::vector<double> probabilities(double step, std::int64_t channels, int without_element = 0) const;
  /// All scatterings per nm: 1 / λ.
  double total() const;
  /// Differential cross-section of one atom for an edge's subshell at a loss, nm² / eV.
  double cross_section(const EdgeScattering& edge, double loss) const;
};

/// The scatterer of a phase of known density (g/cm³), plasmon energy and width (eV). Subshells K, L2, L3, M4, M5, N4
/// and N5 with onsets up to 10 keV take part.
Scatterer scatterer(const Phase& phase, double plasmon_energy, double plasmon_width, double tail_exponent,
                    const ElectronBeam& beam);

/// Expected spectra of scatterers that lie behind each other: Poisson's law of plural scattering,
///   J(ν) = Z(ν) exp(Σ_k ℓ_k (s_k(ν) − 1/λ_k)),
/// with a Gaussian zero-loss peak Z (R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd
/// ed. 2011, section 4.2).
class LossSpectrum {
 public:
  LossSpectrum(const std::vector<Scatterer>& phases, const eels::LossAxis& axis, double resolution);

  /// The working memory of one thread.
  struct Work {
    FourierBuffer<std::complex<double>> half;
    FourierBuffer<double> values;
  };
  Work work() const;

  /// Electrons in each channel per incident electron, with the zero-loss peak at `zero` eV. `lengths`: nm of each
  /// phase.
  void expected(std::span<const double> lengths, double zero, std::span<double> out, Work& work) const;

 private:
  eels::LossAxis axis_;
  std::int64_t before_ = 0;  // channels of the grid before the axis
  std::shared_ptr<const RealFourier<double>> fourier_;
  std::vector<std::vector<std::complex<double>>> scattering_;  // s_k(ν) − 1/λ_k
  double sigma_ = 0;                                           // of the zero-loss peak, channels
};

}  // namespace ruska::ops::simulate
