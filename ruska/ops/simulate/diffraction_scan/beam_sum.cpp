// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// The wave behind a periodic object of transmission t(r) = Σ_g t_g exp(2πi g·r), lit by a probe at r_p, is in the far
// field
//   ψ(k) = Σ_g t_g A(k − g) exp(2πi g·r_p)      A: aperture with aberration phase
// up to a phase factor that every k carries alone. Nothing is sampled in real space, so that neither a box nor its edge
// exists. Cost: beams × pixels of a disc per pattern.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "ruska/ops/simulate/diffraction_scan/specimen.hpp"

namespace ruska::ops::simulate {
namespace {

using Complex = std::complex<double>;
constexpr double two_pi = 2 * std::numbers::pi;

constexpr double lattice_constant = 0.246;  // nm, of graphene
constexpr double atom_width = 0.03;         // nm, standard deviation

/// The graphene-like phase and its Fourier coefficients over the primitive cell.
class Honeycomb {
 public:
  Honeycomb(double peak, double orientation) : peak_(peak) {
    const Matrix turned = diffraction::turn(orientation);
    cell_[0] = turned * Vector{lattice_constant, 0};
    cell_[1] = turned * Vector{lattice_constant / 2, lattice_constant * std::sqrt(0.75)};
    const double area = cell_[0].x * cell_[1].y - cell_[0].y * cell_[1].x;
    reciprocal_[0] = {cell_[1].y / area, -cell_[1].x / area};
    reciprocal_[1] = {-cell_[0].y / area, cell_[0].x / area};
  }

  double phase(Vector r) const {
    const double a = r.x * reciprocal_[0].x + r.y * reciprocal_[0].y;
    const double b = r.x * reciprocal_[1].x + r.y * reciprocal_[1].y;
    double sum = 0;
    for (double i = std::floor(a) - 2; i <= std::floor(a) + 3; ++i) {
      for (double j = std::floor(b) - 2; j <= std::floor(b) + 3; ++j) {
        for (const double basis : {0.0, 1.0 / 3}) {
          const Vector atom = (i + basis) * cell_[0] + (j + basis) * cell_[1];
          const double distance = length(r - atom);
          sum += std::exp(-0.5 * distance * distance / (atom_width * atom_width));
        }
      }
    }
    return peak_ * sum;
  }

  Vector frequency(int h, int k) const { return h * reciprocal_[0] + static_cast<double>(k) * reciprocal_[1]; }

  /// Fourier coefficients of f(φ) at (h, k), |h|, |k| ≤ most.
  template <class F>
  std::vector<Complex> coefficients(int most, const F& f) const {
    constexpr int samples = 96;  // of a width of 0.03 nm: spectrum and aliases stay below 10⁻¹⁵
    std::vector<Complex> values(samples * samples);
    for (int i = 0; i < samples; ++i) {
      for (int j = 0; j < samples; ++j) {
        values[static_cast<std::size_t>(i * samples + j)] =
            f(phase((i / static_cast<double>(samples)) * cell_[0] + (j / static_cast<double>(samples)) * cell_[1]));
      }
    }
    const int orders = 2 * most + 1;
    // One direction after the other.
    std::vector<Complex> half(static_cast<std::size_t>(orders * samples)),
        all(static_cast<std::size_t>(orders * orders));
    for (int h = 0; h < orders; ++h) {
      for (int i = 0; i < samples; ++i) {
        const Complex wave = std::polar(1.0 / samples, -two_pi * (h - most) * i / samples);
        for (int j = 0; j < samples; ++j) {
          half[static_cast<std::size_t>(h * samples + j)] += wave * values[static_cast<std::size_t>(i * samples + j)];
        }
      }
      for (int k = 0; k < orders; ++k) {
        for (int j = 0; j < samples; ++j) {
          all[static_cast<std::size_t>(h * orders + k)] +=
              std::polar(1.0 / samples, -two_pi * (k - most) * j / samples) *
              half[static_cast<std::size_t>(h * samples + j)];
        }
      }
    }
    return all;
  }

 private:
  double peak_;
  Vector cell_[2], reciprocal_[2];
};

}  // namespace

BeamSum::BeamSum(const Camera& camera, std::vector<Beam> beams, Settings settings, std::vector<TruthMap> truth)
    : camera_(camera), beams_(std::move(beams)), settings_(settings), truth_(std::move(truth)) {
  if (camera_.still()) fixed_ = discs_at(camera_.origin(0));
}

std::vector<BeamSum::Pixels> BeamSum::discs_at(Vector origin) const {
  std::vector<Pixels> discs(beams_.size());
  for (std::size_t b = 0; b < beams_.size(); ++b) {
    const Vector place = beams_[b].place;
    camera_.for_each_pixel_near(origin, place, settings_.disc.reach(), [&](std::size_t pixel, Vector k) {
      const double distance = length(k - place);
      discs[b].index.push_back(static_cast<std::uint32_t>(pixel));
      discs[b].value.push_back(std::polar(settings_.disc(distance), settings_.curvature * distance * distance));
    });
  }
  return discs;
}

void BeamSum::expect(std::int64_t position, std::span<double> pattern) const {
  std::vector<Pixels> moved;
  if (fixed_.empty()) moved = discs_at(camera_.origin(position));
  const std::vector<Pixels>& discs = fixed_.empty() ? moved : fixed_;
  const auto x = static_cast<double>(position % camera_.columns), y = static_cast<double>(position / camera_.columns);
  const double theta =
      settings_.dislocated ? std::atan2(y - settings_.dislocation.y, x - settings_.dislocation.x) : 0.0;
  std::vector<Complex> wave(pattern.size());
  for (std::size_t b = 0; b < beams_.size(); ++b) {
    const Beam& beam = beams_[b];
    const Complex factor =
        beam.amplitude * std::polar(1.0, two_pi * (beam.frequency.x * x + beam.frequency.y * y) + beam.winding * theta);
    const Pixels& disc = discs[b];
    for (std::size_t i = 0; i < disc.index.size(); ++i) {
      Complex& sum = wave[disc.index[i]];
      const Complex value = disc.value[i];
      sum = {sum.real() + factor.real() * value.real() - factor.imag() * value.imag(),
             sum.imag() + factor.real() * value.imag() + factor.imag() * value.real()};
    }
  }
  for (std::size_t p = 0; p < pattern.size(); ++p) pattern[p] = std::norm(wave[p]);
}

std::unique_ptr<Specimen> lattice_specimen(const Camera& camera, Disc disc, double spacing, double period,
                                           bool dislocation) {
  constexpr double strength[] = {1, 0.45, 0.25};
  std::vector<Beam> beams;
  for (int h = -1; h <= 1; ++h) {
    for (int l = -1; l <= 1; ++l) {
      const int order = std::abs(h) + std::abs(l);
      beams.push_back({.place = {spacing * l, spacing * h},
                       .amplitude = std::polar(strength[order], 0.9 * order),
                       .frequency = {l / period, h / period},
                       .winding = static_cast<double>(l)});
    }
  }
  const double scale = spacing / 7;
  return std::make_unique<BeamSum>(camera, std::move(beams),
                                   BeamSum::Settings{.disc = disc,
                                                     .curvature = 0.012 / (scale * scale),
                                                     .dislocation = {48.7 / 96 * static_cast<double>(camera.columns),
                                                                     47.3 / 96 * static_cast<double>(camera.rows)},
                                                     .dislocated = dislocation});
}

std::unique_ptr<Specimen> phase_specimen(const Camera& camera, Disc disc, const PhaseObject& object) {
  const Honeycomb honeycomb(object.peak, object.orientation);
  // All beams whose disc can reach the detector's corner, wherever the centre is.
  const double corner = std::hypot(static_cast<double>(camera.height), static_cast<double>(camera.width));
  const double largest = (corner + disc.reach()) * object.pixel_size;
  const int most = std::min(24, static_cast<int>(std::ceil(largest * lattice_constant)) + 1);
  const int orders = 2 * most + 1;
  const auto transmission = honeycomb.coefficients(most, [](double phase) { return std::polar(1.0, phase); });
  const auto phases = honeycomb.coefficients(most, [](double phase) { return Complex(phase); });
  const double curvature =
      std::numbers::pi * object.wavelength * object.defocus * object.pixel_size * object.pixel_size;

  // What the probe's own intensity leaves of each Fourier coefficient of the phase: the aperture's autocorrelation.
  const auto transfer = [&](Vector place) {
    constexpr double fine = 0.25;  // px
    const int reach = static_cast<int>(std::ceil(disc.reach() / fine));
    Complex sum = 0;
    double norm = 0;
    for (int i = -reach; i <= reach; ++i) {
      for (int j = -reach; j <= reach; ++j) {
        const Vector k{j * fine, i * fine};
        const double here = disc(length(k)), there = disc(length(k - place));
        const double distance = length(k), other = length(k - place);
        norm += here * here;
        sum += here * there * std::polar(1.0, curvature * (other * other - distance * distance));
      }
    }
    return sum / norm;
  };

  struct Term {
    Vector frequency;  // 1/nm
    Complex coefficient;
  };
  std::vector<Beam> beams;
  std::vector<Term> blurred;
  for (int h = -most; h <= most; ++h) {
    for (int k = -most; k <= most; ++k) {
      const auto index = static_cast<std::size_t>((h + most) * orders + k + most);
      const Vector g = honeycomb.frequency(h, k);
      if (length(g) > largest) continue;
      const Vector place = (1 / object.pixel_size) * g;
      if (std::abs(transmission[index]) > 1e-9) {
        beams.push_back({.place = place, .amplitude = transmission[index], .frequency = object.step * g});
      }
      if (std::abs(phases[index]) > 1e-12 && length(place) < 2 * disc.reach()) {
        blurred.push_back({g, phases[index] * transfer(place)});
      }
    }
  }
  const auto at = [columns = camera.columns, step = object.step](std::int64_t position) {
    return Vector{step * static_cast<double>(position % columns), step * static_cast<double>(position / columns)};
  };
  std::vector<TruthMap> truth{
      {.name = "phase",
       .title = "Phase of the object",
       .unit = "rad",
       .note = "The truth: φ at the probe's positions.",
       .components = {""},
       .fill = [=](std::int64_t position, std::span<double> values) { values[0] = honeycomb.phase(at(position)); }},
      {.name = "probed_phase",
       .title = "Phase averaged over the probe",
       .unit = "rad",
       .note = "The truth: φ convolved with the probe's intensity, whose gradient the centre of mass follows.",
       .components = {""},
       .fill = [=](std::int64_t position, std::span<double> values) {
         const Vector r = at(position);
         Complex sum = 0;
         for (const Term& term : blurred) {
           sum += term.coefficient * std::polar(1.0, two_pi * (term.frequency.x * r.x + term.frequency.y * r.y));
         }
         values[0] = sum.real();
       }}};
  return std::make_unique<BeamSum>(camera, std::move(beams), BeamSum::Settings{.disc = disc, .curvature = curvature},
                                   std::move(truth));
}

}  // namespace ruska::ops::simulate
