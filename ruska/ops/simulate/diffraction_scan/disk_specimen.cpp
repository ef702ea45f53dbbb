// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"
#include "ruska/ops/simulate/diffraction_scan/specimen.hpp"

namespace ruska::ops::simulate {
namespace {

constexpr double direct_beam = 3.0;  // against a disc of the same radius near it
constexpr double falloff = 0.35;     // of the discs' intensities: a Gaussian's σ in detector lengths
constexpr int most_order = 64;

/// The disc's sum over the pixels, which all discs share as far as they lie within the frame.
double sum_of(Disc disc) {
  const int reach = static_cast<int>(std::ceil(disc.reach()));
  double sum = 0;
  for (int y = -reach; y <= reach; ++y) {
    for (int x = -reach; x <= reach; ++x) sum += disc(std::hypot(x, y));
  }
  return sum;
}

}  // namespace

DiskSpecimen::DiskSpecimen(const Camera& camera, Disc disc, const DiskLattice& lattice)
    : camera_(camera), disc_(disc), lattice_(lattice), shape_sum_(sum_of(disc)) {
  const auto [first, second] = lattice_.vectors;
  if (!(std::abs(first.x * second.y - first.y * second.x) > 4)) {
    throw Error(ErrorKind::invalid_argument,
                "lattice_vectors span less than four pixels; give two vectors that are not parallel");
  }
  // A margin around the frame, so that strain and descan bring no order in that has no slot.
  const Vector center = camera_.truth.origin->mean();
  const double margin = 2 * disc.radius + 0.1 * static_cast<double>(std::max(camera_.height, camera_.width));
  for (int h = -most_order; h <= most_order; ++h) {
    for (int k = -most_order; k <= most_order; ++k) {
      const Vector g = static_cast<double>(h) * first + static_cast<double>(k) * second;
      const Vector at = camera_.on_detector(g, center);
      const bool inside = at.x > -margin && at.y > -margin && at.x < static_cast<double>(camera_.width) - 1 + margin &&
                          at.y < static_cast<double>(camera_.height) - 1 + margin;
      if (inside) orders_.push_back({h, k});
    }
  }
}

Matrix DiskSpecimen::deformation(std::int64_t position) const {
  // Over u, v from −1 to 1. The strain is a smooth inclusion, zero at the border; the lattice turns along the columns.
  const auto along = [](std::int64_t index, std::int64_t size) {
    return size > 1 ? 2.0 * static_cast<double>(index) / static_cast<double>(size - 1) - 1 : 0.0;
  };
  const double u = along(position % camera_.columns, camera_.columns);
  const double v = along(position / camera_.columns, camera_.rows);
  const double bump = std::exp(-(u * u + v * v) / 0.18);
  const double xx = lattice_.strain * bump, yy = -0.5 * lattice_.strain * bump;
  const double xy = 0.6 * lattice_.strain * u * v * std::exp(-(u * u + v * v) / 0.36);
  return diffraction::turn(lattice_.rotation * std::sin(std::numbers::pi * u)) * Matrix{1 + xx, xy, xy, 1 + yy};
}

std::vector<DiskSpecimen::Drawn> DiskSpecimen::discs(std::int64_t position) const {
  const Vector origin = camera_.origin(position);
  const Matrix reciprocal = deformation(position).inverse().transposed();
  const Vector first = reciprocal * lattice_.vectors[0], second = reciprocal * lattice_.vectors[1];
  const double sigma = falloff * static_cast<double>(std::min(camera_.height, camera_.width));
  Random random(lattice_.seed, "disks", static_cast<std::uint64_t>(position));
  std::vector<Drawn> drawn;
  drawn.reserve(static_cast<std::size_t>(slots()));
  for (const auto& [h, k] : orders_) {
    const double chance = random.uniform(), spread = 2 * random.uniform() - 1;
    const Vector g = static_cast<double>(h) * first + static_cast<double>(k) * second;
    double intensity = std::exp(-0.5 * std::pow(length(g) / sigma, 2)) * (1 + lattice_.variation * spread);
    if (h == 0 && k == 0) {
      intensity = direct_beam;
    } else if (chance < lattice_.missing) {
      intensity = 0;
    }
    drawn.push_back({camera_.on_detector(g, origin), intensity});
  }
  for (std::int64_t i = 0; i < lattice_.extra; ++i) {
    const Vector at{random.uniform() * static_cast<double>(camera_.width - 1),
                    random.uniform() * static_cast<double>(camera_.height - 1)};
    const double distance = length(camera_.to_specimen * (at - origin));
    drawn.push_back({at, std::exp(-0.5 * std::pow(distance / sigma, 2))});
  }
  return drawn;
}

void DiskSpecimen::expect(std::int64_t position, std::span<double> pattern) const {
  std::fill(pattern.begin(), pattern.end(), 0.0);
  const Vector origin = camera_.origin(position);
  for (const Drawn& one : discs(position)) {
    if (one.intensity == 0) continue;
    const Vector place = camera_.to_specimen * (one.place - origin);
    camera_.for_each_pixel_near(origin, place, disc_.reach(), [&](std::size_t pixel, Vector k) {
      pattern[pixel] += one.intensity * disc_(length(k - place));
    });
  }
}

std::vector<TruthMap> DiskSpecimen::truth() const {
  const auto vectors = [this](std::int64_t position, std::span<double> values) {
    const Matrix reciprocal = deformation(position).inverse().transposed();
    const Vector first = reciprocal * lattice_.vectors[0], second = reciprocal * lattice_.vectors[1];
    values[0] = first.x;
    values[1] = first.y;
    values[2] = second.x;
    values[3] = second.y;
  };
  const auto strain = [this](std::int64_t position, std::span<double> values) {
    // F = R U: U² = Fᵀ F.
    const Matrix f = deformation(position), square = f.transposed() * f;
    const double determinant = f.xx * f.yy - f.xy * f.yx;
    const double trace = std::sqrt(square.xx + square.yy + 2 * determinant);
    values[0] = (square.xx + determinant) / trace - 1;
    values[1] = (square.yy + determinant) / trace - 1;
    values[2] = square.xy / trace;
    values[3] = std::atan2(f.yx - f.xy, f.xx + f.yy) / diffraction::radians_per_degree;
  };
  return {
      {.name = "lattice",
       .title = "Lattice vectors",
       .unit = "px",
       .note = "The truth: the two reciprocal lattice vectors in the scan's frame, without the detector's distortion.",
       .components = {"g1 x", "g1 y", "g2 x", "g2 y"},
       .fill = vectors},
      {.name = "strain",
       .title = "Strain and rotation",
       .unit = "",
       .note = "The truth: U − 1 of the deformation F = R U of the crystal against the lattice vectors given, and the "
               "angle of R in degrees from x towards y.",
       .components = {"e_xx", "e_yy", "e_xy", "rotation"},
       .fill = strain}};
}

}  // namespace ruska::ops::simulate
