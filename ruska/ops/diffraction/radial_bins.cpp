// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// The area of a polygon within a disc about the origin is the sum over its edges of the signed area that the triangle
// (origin, a, b) shares with the disc: ½ a × b where the edge runs inside, ½ r² times the angle where it runs outside.
// The share of a ring is the difference of two discs, so that the shares of a pixel add up to 1 but for rounding.
#include "ruska/ops/diffraction/radial_bins.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ruska/base/error.hpp"
#include "ruska/ops/diffraction/scan/bright_disc.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double least_share = 1e-12;
constexpr std::int64_t most_rings = 1 << 16;

struct Point {
  double x, y;
};
double cross(Point a, Point b) { return a.x * b.y - a.y * b.x; }
double dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }

/// Area that the triangle (origin, a, b) shares with the disc, with the sign of a × b.
double edge_in_disc(Point a, Point b, double radius) {
  const auto sector = [&](Point from, Point to) {
    return 0.5 * radius * radius * std::atan2(cross(from, to), dot(from, to));
  };
  const double squared = radius * radius;
  const bool a_inside = dot(a, a) <= squared, b_inside = dot(b, b) <= squared;
  if (a_inside && b_inside) return 0.5 * cross(a, b);
  // Where the line a + t (b − a) meets the circle.
  const Point d{b.x - a.x, b.y - a.y};
  const double length = dot(d, d), half = dot(a, d);
  const double discriminant = half * half - length * (dot(a, a) - squared);
  if (!(discriminant > 0)) return sector(a, b);
  const double root = std::sqrt(discriminant), first = (-half - root) / length, second = (-half + root) / length;
  const auto at = [&](double t) { return Point{a.x + t * d.x, a.y + t * d.y}; };
  if (a_inside) return 0.5 * cross(a, at(second)) + sector(at(second), b);
  if (b_inside) return sector(a, at(first)) + 0.5 * cross(at(first), b);
  if (first >= 1 || second <= 0) return sector(a, b);
  return sector(a, at(first)) + 0.5 * cross(at(first), at(second)) + sector(at(second), b);
}

/// The part of a convex polygon where n · q ≥ 0.
std::vector<double> clipped(const std::vector<double>& polygon, Point n) {
  std::vector<double> kept;
  const std::size_t corners = polygon.size() / 2;
  for (std::size_t i = 0; i < corners; ++i) {
    const std::size_t j = (i + 1) % corners;
    const Point a{polygon[2 * i], polygon[2 * i + 1]}, b{polygon[2 * j], polygon[2 * j + 1]};
    const double at_a = dot(n, a), at_b = dot(n, b);
    if (at_a >= 0) kept.insert(kept.end(), {a.x, a.y});
    if ((at_a >= 0) != (at_b >= 0)) {
      const double t = at_a / (at_a - at_b);
      kept.insert(kept.end(), {a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
    }
  }
  return kept;
}

/// The corners of a pixel in the undistorted plane, from x towards y.
std::vector<double> corners_of(const RadialGeometry& g, double y, double x) {
  std::vector<double> corners;
  const double sign = g.xx * g.yy - g.xy * g.yx < 0 ? -1 : 1;
  for (const auto& [dx, dy] : {Point{-0.5, -0.5}, Point{0.5, -0.5}, Point{0.5, 0.5}, Point{-0.5, 0.5}}) {
    const double from_x = x + sign * dx - g.center_x, from_y = y + dy - g.center_y;
    corners.insert(corners.end(), {g.xx * from_x + g.xy * from_y, g.yx * from_x + g.yy * from_y});
  }
  return corners;
}

}  // namespace

double area_in_disc(const std::vector<double>& polygon, double radius) {
  double area = 0;
  const std::size_t corners = polygon.size() / 2;
  for (std::size_t i = 0; i < corners; ++i) {
    const std::size_t j = (i + 1) % corners;
    area += edge_in_disc({polygon[2 * i], polygon[2 * i + 1]}, {polygon[2 * j], polygon[2 * j + 1]}, radius);
  }
  return area;
}

void set_distortion(RadialGeometry& geometry, double length_y, double length_x, double ratio, double angle) {
  const double c = std::cos(angle * std::numbers::pi / 180), s = std::sin(angle * std::numbers::pi / 180);
  const double along = 1 / std::sqrt(ratio), across = std::sqrt(ratio);
  const double unit = std::sqrt(length_x * length_y), x = length_x / unit, y = length_y / unit;
  const double xx = along * c * c + across * s * s, xy = (along - across) * c * s, yy = along * s * s + across * c * c;
  geometry.xx = xx * x;
  geometry.xy = xy * y;
  geometry.yx = xy * x;
  geometry.yy = yy * y;
}

std::int64_t rings_to_corner(const RadialGeometry& g, std::int64_t height, std::int64_t width,
                             std::optional<double> radius) {
  double reach = 0;
  for (const double y : {0.0, static_cast<double>(height - 1)}) {
    for (const double x : {0.0, static_cast<double>(width - 1)}) {
      const std::vector<double> corners = corners_of(g, y, x);
      for (std::size_t i = 0; i < corners.size(); i += 2) {
        reach = std::max(reach, std::hypot(corners[i], corners[i + 1]));
      }
    }
  }
  const double rings = std::ceil((radius ? *radius : reach) / g.step * (1 - 1e-12));
  if (!(rings <= static_cast<double>(most_rings))) {
    throw Error(ErrorKind::invalid_argument, "rings of " + std::to_string(g.step) + " px up to a radius of " +
                                                 std::to_string(radius ? *radius : reach) + " px are more than " +
                                                 std::to_string(most_rings) + "; give a larger --step");
  }
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(rings));
}

RadialBins::RadialBins(const RadialGeometry& g, std::int64_t height, std::int64_t width,
                       const std::vector<std::uint8_t>& left_out)
    : area_(static_cast<std::size_t>(g.rings * g.sectors)) {
  const double whole = std::abs(g.xx * g.yy - g.xy * g.yx);
  start_.push_back(0);
  for (std::int64_t p = 0; p < height * width; ++p) {
    if (left_out.empty() || left_out[static_cast<std::size_t>(p)] == 0) {
      const std::vector<double> pixel = corners_of(g, static_cast<double>(p / width), static_cast<double>(p % width));
      for (std::int64_t sector = 0; sector < g.sectors; ++sector) {
        std::vector<double> part = pixel;
        if (g.sectors > 1) {
          const double turn = 2 * std::numbers::pi / static_cast<double>(g.sectors);
          const double from = turn * static_cast<double>(sector), to = from + turn;
          part = clipped(clipped(pixel, {-std::sin(from), std::cos(from)}), {std::sin(to), -std::cos(to)});
        }
        if (part.empty()) continue;
        double farthest = 0;
        for (std::size_t i = 0; i < part.size(); i += 2)
          farthest = std::max(farthest, std::hypot(part[i], part[i + 1]));
        // No ring closer than the farthest corner less the pixel's diameter is touched.
        const double diameter = 2 * std::max(std::hypot(g.xx, g.yx), std::hypot(g.xy, g.yy));
        const auto first = static_cast<std::int64_t>(std::max(0.0, std::floor((farthest - diameter) / g.step)));
        double below = first == 0 ? 0.0 : area_in_disc(part, static_cast<double>(first) * g.step);
        for (std::int64_t ring = first; ring < g.rings; ++ring) {
          const double outer = static_cast<double>(ring + 1) * g.step;
          const double within = area_in_disc(part, outer);
          const double share = (within - below) / whole;
          below = within;
          if (share > least_share) {
            const auto bin = static_cast<std::int32_t>(ring * g.sectors + sector);
            shares_.push_back({bin, share});
            area_[static_cast<std::size_t>(bin)] += share;
          }
          if (outer >= farthest) break;
        }
      }
    }
    start_.push_back(static_cast<std::int64_t>(shares_.size()));
  }
  if (shares_.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "no pixel of the frames lies within the rings; look at --center_x, --center_y, --radius and the mask");
  }
}

std::int64_t RadialBins::bytes_held(const RadialGeometry& g, std::int64_t height, std::int64_t width) {
  const double stretch = std::max(std::hypot(g.xx, g.yx), std::hypot(g.xy, g.yy));
  // Rings that a pixel's diagonal crosses; of many sectors a pixel near the centre is in all.
  const double rings = std::min(static_cast<double>(g.rings), 2 * stretch / g.step + 2);
  const double around = static_cast<double>(g.sectors) * 4 * static_cast<double>(g.sectors) * rings;
  const double shares = static_cast<double>(height * width) * rings * (g.sectors > 1 ? 2 : 1) + around;
  // A vector that grows holds three times its size while it is moved.
  return static_cast<std::int64_t>(3 * shares * sizeof(Share)) + height * width * 24;
}

BeamCenter find_beam_center(const std::vector<double>& pattern, std::int64_t height, std::int64_t width,
                            const std::vector<std::uint8_t>& left_out) {
  const BrightDisc disc = find_bright_disc(pattern, height, width, left_out);
  BeamCenter center{disc.y, disc.x, disc.radius};
  const double reach = std::max(1.5, 1.2 * disc.radius);
  for (int pass = 0; pass < 2; ++pass) {
    double sum = 0, sum_y = 0, sum_x = 0;
    for (std::int64_t p = 0; p < height * width; ++p) {
      if (!left_out.empty() && left_out[static_cast<std::size_t>(p)] != 0) continue;
      const auto y = static_cast<double>(p / width), x = static_cast<double>(p % width);
      if (std::hypot(y - center.y, x - center.x) > reach) continue;
      const double value = std::max(pattern[static_cast<std::size_t>(p)], 0.0);
      sum += value;
      sum_y += value * y;
      sum_x += value * x;
    }
    if (!(sum > 0) || !std::isfinite(sum)) break;
    center.y = sum_y / sum;
    center.x = sum_x / sum;
  }
  return center;
}

}  // namespace ruska::ops::diffraction
