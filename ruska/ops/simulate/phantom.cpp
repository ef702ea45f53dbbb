// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/simulate/phantom.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "ruska/base/error.hpp"

namespace ruska::ops::simulate {

namespace {

constexpr double degree = std::numbers::pi / 180.0;

// The needle, nm: its axis is x, its tip points to larger x.
constexpr double field = 330.0;
constexpr double tip = 300.0;
constexpr double tip_radius = 30.0;
constexpr double slope = 0.2;  // growth of the radius per length
constexpr double nickel_thickness = 80.0;
constexpr double chromium_thickness = 40.0;
constexpr double inclination = 20.0 * degree;  // of the films' normal to the axis
constexpr double azimuth = 35.0 * degree;      // of that inclination about the axis at zero tilt

double radius_at(double x) {
  const double centre = tip - tip_radius;
  if (x <= centre) return tip_radius + slope * (centre - x);
  const double rest = tip_radius * tip_radius - (x - centre) * (x - centre);
  return rest > 0 ? std::sqrt(rest) : 0.0;
}

// Depth below the film's surface is linear along the beam, d(z) = d0 + d1 z, so the length within each layer is exact.
std::vector<double> needle_lengths(const Scan& scan, std::int64_t tilt, std::int64_t row, std::int64_t column) {
  std::vector<double> lengths(3, 0.0);
  const double x = (static_cast<double>(column) + 0.5) * scan.pixel;
  const double y = (static_cast<double>(row) + 0.5 - 0.5 * static_cast<double>(scan.y)) * scan.pixel;
  const double radius = radius_at(x);
  if (!(radius > std::abs(y))) return lengths;
  const double half = std::sqrt(radius * radius - y * y);
  const double angle = (scan.first_tilt + scan.tilt_step * static_cast<double>(tilt)) * degree + azimuth;
  const double d0 = tip - x + std::tan(inclination) * std::cos(angle) * y;
  const double d1 = std::tan(inclination) * std::sin(angle);
  const auto length_below = [&](double depth) {  // of the part of the chord where d(z) < depth
    if (std::abs(d1) < 1e-12) return d0 < depth ? 2.0 * half : 0.0;
    const double z = std::clamp((depth - d0) / d1, -half, half);
    return d1 > 0 ? z + half : half - z;
  };
  const double to_chromium = length_below(nickel_thickness);
  const double to_silicon = length_below(nickel_thickness + chromium_thickness);
  lengths[0] = 2.0 * half - to_silicon;
  lengths[1] = to_silicon - to_chromium;
  lengths[2] = to_chromium;
  return lengths;
}

std::vector<double> sphere_shares(const Phantom& phantom, const Scan& scan, std::int64_t row, std::int64_t column) {
  // Centres (50, 50) and (75, 82), radius 25 of 128; smaller pictures round the centres down.
  constexpr std::array<std::array<double, 2>, 2> centres{{{50.0, 50.0}, {75.0, 82.0}}};
  const auto part = [](double of_128, std::int64_t size) {
    return std::floor(of_128 * static_cast<double>(size) / 128.0);
  };
  const double radius = 25.0 * static_cast<double>(std::min(scan.x, scan.y)) / 128.0;
  std::vector<double> shares(3, 0.0);
  for (std::size_t sphere = 0; sphere < 2; ++sphere) {
    const double dy = static_cast<double>(row) - part(centres[sphere][0], scan.y);
    const double dx = static_cast<double>(column) - part(centres[sphere][1], scan.x);
    const double inside = 1.0 - (dy * dy + dx * dx) / (radius * radius);
    if (inside > 0) shares[sphere + 1] = phantom.peak_fraction * std::sqrt(inside);
  }
  const double both = shares[1] + shares[2];
  shares[0] = std::max(0.0, 1.0 - both);
  if (both > 1.0) {  // the spheres' projections overlap
    shares[1] /= both;
    shares[2] /= both;
  }
  return shares;
}

}  // namespace

Phantom needle() {
  return {Phantom::Kind::needle,
          {{"Si", {{"Si", 1.0}}, 2.33}, {"Cr", {{"Cr", 1.0}}, 7.19}, {"Ni", {{"Ni", 1.0}}, 8.908}}};
}

Phantom spheres(double peak_fraction) {
  return {Phantom::Kind::spheres,
          {{"A", {{"Mg", .245}, {"Fe", .035}, {"Ca", .031}, {"Si", .219}, {"Al", .024}, {"O", .436}, {"Cu", .05}}},
           {"B", {{"Mg", .522}, {"Fe", .104}, {"O", .374}, {"Cu", .05}}},
           {"C", {{"Mg", .020}, {"Fe", .018}, {"Ca", .188}, {"Si", .173}, {"Al", .010}, {"O", .572}, {"Cu", .05}}}},
          peak_fraction};
}

Scan scan_of(const Phantom& phantom, std::int64_t tilts, std::int64_t y, std::int64_t x) {
  Scan scan{tilts, y, x};
  scan.pixel = phantom.kind == Phantom::Kind::needle ? field / static_cast<double>(x) : 1.0;
  if (tilts > 1) {
    scan.first_tilt = -90.0;
    scan.tilt_step = 180.0 / static_cast<double>(tilts - 1);
  }
  return scan;
}

std::vector<double> amounts(const Phantom& phantom, const Scan& scan, std::int64_t position) {
  if (position < 0 || position >= scan.positions()) {
    throw Error(ErrorKind::internal, "position " + std::to_string(position) + " is outside the scan");
  }
  const std::int64_t column = position % scan.x;
  const std::int64_t row = position / scan.x % scan.y;
  const std::int64_t tilt = position / (scan.x * scan.y);
  return phantom.kind == Phantom::Kind::needle ? needle_lengths(scan, tilt, row, column)
                                               : sphere_shares(phantom, scan, row, column);
}

}  // namespace ruska::ops::simulate
