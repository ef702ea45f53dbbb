// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <complex>
#include <numbers>

#include "ruska/base/random.hpp"
#include "ruska/ops/simulate/diffraction_scan/specimen.hpp"

namespace ruska::ops::simulate {
namespace {

constexpr double direct_share = 0.5;      // of the pattern's sum
constexpr double continuum_share = 0.15;  // of the ring's height at k = 0, falling with the ring's radius
constexpr int waves = 24;                 // of a speckle field: its intensities are then nearly exponential

class AmorphousSpecimen final : public Specimen {
 public:
  AmorphousSpecimen(const Camera& camera, Disc disc, const AmorphousFilm& film)
      : camera_(camera), disc_(disc), film_(film) {
    double ring = 0, direct = 0;
    camera_.for_each_pixel(camera_.truth.origin->mean(), [&](std::size_t, Vector k) {
      ring += ring_at(length(k));
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
      pattern[pixel] = direct_height_ * disc_(distance) + ring_at(distance) * grain;
    });
  }

 private:
  double ring_at(double k) const {
    const double off = (k - film_.ring_radius) / film_.ring_width;
    return std::exp(-0.5 * off * off) + continuum_share * std::exp(-k / film_.ring_radius);
  }

  Camera camera_;
  Disc disc_;
  AmorphousFilm film_;
  double direct_height_ = 0;
};

}  // namespace

std::unique_ptr<Specimen> amorphous_specimen(const Camera& camera, Disc disc, const AmorphousFilm& film) {
  return std::make_unique<AmorphousSpecimen>(camera, disc, film);
}

}  // namespace ruska::ops::simulate
