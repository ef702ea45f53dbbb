// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"
#include "ruska/ops/diffraction/pixel_size/powder_standard.hpp"
#include "ruska/ops/simulate/diffraction_scan/specimen.hpp"

namespace ruska::ops::simulate {
namespace {

constexpr double direct_share = 0.5;      // of the pattern's sum
constexpr double continuum_share = 0.15;  // of the first ring's height at k = 0, falling with its radius
constexpr int waves = 24;                 // of a speckle field: its intensities are then nearly exponential

class RingSpecimen final : public Specimen {
 public:
  RingSpecimen(const Camera& camera, Disc disc, const RingFilm& film) : camera_(camera), disc_(disc), film_(film) {
    double ring = 0, direct = 0;
    camera_.for_each_pixel(camera_.truth.origin->mean(), [&](std::size_t, Vector k) {
      ring += rings_at(length(k));
      direct += disc_(length(k));
    });
    direct_height_ = direct > 0 ? direct_share / (1 - direct_share) * ring / direct : 0;
  }

  void expect(std::int64_t position, std::span<double> pattern) const override {
    // A field of plane waves with frequencies up to 1 / 4 probe radii: its intensity has the mean 1 and grains of about
    // the probe's size.
    struct Wave {
      Vector frequency;
      double phase;
    };
    Wave field[waves];
    Random random(film_.seed, "speckle", static_cast<std::uint64_t>(position));
    for (Wave& wave : field) {
      const double size = 2 * std::numbers::pi * std::sqrt(random.uniform()) / (4 * disc_.radius);
      const double angle = 2 * std::numbers::pi * random.uniform();
      wave = {{size * std::cos(angle), size * std::sin(angle)}, 2 * std::numbers::pi * random.uniform()};
    }
    camera_.for_each_pixel(camera_.origin(position), [&](std::size_t pixel, Vector k) {
      double grain = 1;
      if (film_.speckle > 0) {
        std::complex<double> sum = 0;
        for (const Wave& wave : field) {
          sum += std::polar(1.0, wave.frequency.x * k.x + wave.frequency.y * k.y + wave.phase);
        }
        grain = 1 + film_.speckle * (std::norm(sum) / waves - 1);
      }
      const double distance = length(k);
      pattern[pixel] = direct_height_ * disc_(distance) + rings_at(distance) * grain;
    });
  }

 private:
  double rings_at(double k) const {
    const RingFilm::Ring& first = film_.rings.front();
    double sum = continuum_share * first.height * std::exp(-k / first.radius);
    for (const RingFilm::Ring& ring : film_.rings) {
      const double off = (k - ring.radius) / ring.width;
      if (std::abs(off) < 8) sum += ring.height * std::exp(-0.5 * off * off);
    }
    return sum;
  }

  Camera camera_;
  Disc disc_;
  RingFilm film_;
  double direct_height_ = 0;
};

}  // namespace

std::unique_ptr<Specimen> ring_specimen(const Camera& camera, Disc disc, const RingFilm& film) {
  return std::make_unique<RingSpecimen>(camera, disc, film);
}

std::vector<RingFilm::Ring> gold_rings(const Camera& camera, Disc disc) {
  const double pixel = camera.truth.pixel_size->value;
  const double corner = std::hypot(static_cast<double>(camera.height), static_cast<double>(camera.width));
  std::vector<RingFilm::Ring> rings;
  for (const diffraction::PowderRing& ring :
       diffraction::powder_rings(diffraction::powder_standards().front(), std::min(40.0, corner * pixel))) {
    const double fall = 1 + ring.frequency * ring.frequency / 36;
    rings.push_back({ring.frequency / pixel, std::max(0.8, 0.5 * disc.radius),
                     static_cast<double>(ring.multiplicity) / (ring.frequency * fall * fall)});
  }
  if (rings.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "no ring of gold reaches the detector; give a larger convergence_angle or a smaller disc_radius");
  }
  return rings;
}

}  // namespace ruska::ops::simulate
