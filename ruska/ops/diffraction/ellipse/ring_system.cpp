// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/ellipse/ring_system.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <Eigen/Dense>

#include "ruska/base/error.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::size_t most_rings = 8;
constexpr double least_around = 0.75;
constexpr double narrowest = 3;        // px between the feet of a ring
constexpr double off_square = 5 * 5;   // χ² of two numbers from which a ring may be none
constexpr double off_scatter = 3 * 3;  // times the other rings' own

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

using Four = Eigen::Vector4d;

Four numbers_of(const RingFit& fit) { return {fit.center.x, fit.center.y, fit.stretch[0], fit.stretch[1]}; }

Eigen::Matrix4d covariance_of(const RingFit& fit) {
  return Eigen::Map<const Eigen::Matrix<double, 4, 4, Eigen::RowMajor>>(fit.covariance.data());
}

/// χ² of a ring's stretch against one that it was no part of the average of.
double off(const RingFit& fit, const Four& mean) {
  const Eigen::Vector2d difference = (numbers_of(fit) - mean).tail<2>();
  return difference.dot(covariance_of(fit).bottomRightCorner<2, 2>().ldlt().solve(difference));
}

struct Average {
  Four mean = Four::Zero();
  Eigen::Matrix4d covariance = Eigen::Matrix4d::Zero();
};

Average average_of(const std::vector<TriedRing>& rings, const TriedRing* without) {
  Average average;
  Eigen::Matrix4d information = Eigen::Matrix4d::Zero();
  Four right = Four::Zero();
  for (const TriedRing& ring : rings) {
    if (!ring.rejected.empty() || &ring == without) continue;
    const Eigen::Matrix4d inverse = covariance_of(*ring.fit).inverse();
    information += inverse;
    right += inverse * numbers_of(*ring.fit);
  }
  average.covariance = information.inverse();
  average.mean = average.covariance * right;
  return average;
}

TriedRing try_ring(const AlignedMean& pattern, std::int64_t height, std::int64_t width, Vector center,
                   const RingPeak& peak, const Matrix& undistorted, double significance) {
  TriedRing ring{peak.inner, peak.outer};
  if (peak.outer - peak.inner < narrowest) {
    ring.rejected = "its feet are less than " + show(narrowest) + " px apart";
    return ring;
  }
  try {
    ring.fit = fit_ring(pattern, height, width, center, peak.inner, peak.outer, undistorted);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data) throw;
    ring.rejected = "nothing there could be fitted";
    return ring;
  }
  ring.rejected = why_no_ring(*ring.fit, peak.inner, peak.outer, significance);
  return ring;
}

void reject_what_disagrees(RingSystem& system) {
  while (system.counted() > 2) {
    TriedRing* worst = nullptr;
    double most = off_square;
    for (TriedRing& ring : system.rings) {
      if (!ring.rejected.empty()) continue;
      const Average others = average_of(system.rings, &ring);
      double scatter = 0, number = 0;
      for (const TriedRing& other : system.rings) {
        if (!other.rejected.empty() || &other == &ring) continue;
        scatter += off(*other.fit, others.mean);
        number += 2;
      }
      const double own = off(*ring.fit, others.mean);
      const double limit = off_scatter * std::max(1.0, number > 2 ? scatter / (number - 2) : 1.0);
      if (own > most && own > 2 * limit) {
        most = own;
        worst = &ring;
      }
    }
    if (worst == nullptr) return;
    worst->rejected = "its ellipse is another: off the rest by " + show(std::sqrt(most)) + " σ";
  }
}

}  // namespace

std::int64_t RingSystem::counted() const {
  return std::count_if(rings.begin(), rings.end(), [](const TriedRing& ring) { return ring.rejected.empty(); });
}

const TriedRing& RingSystem::strongest() const {
  const auto found =
      std::find_if(rings.begin(), rings.end(), [](const TriedRing& ring) { return ring.rejected.empty(); });
  if (found == rings.end()) throw Error(ErrorKind::internal, "a system of rings without a ring");
  return *found;
}

std::string why_no_ring(const RingFit& fit, double inner, double outer, double significance) {
  if (!std::isfinite(fit.ellipse.ratio) || !(fit.ellipse.ratio < 100)) return "the fit is no ellipse";
  if (!(fit.height > significance * fit.height_sigma)) return "it does not stand out of the noise";
  if (!(fit.radius > inner && fit.radius < outer)) return "its radius lies outside the bounds";
  for (const double variance : {fit.covariance[0], fit.covariance[5], fit.covariance[10], fit.covariance[15]}) {
    if (!(variance > 0) || !std::isfinite(variance)) return "the fit leaves centre or ellipse open";
  }
  if (fit.around < least_around) {
    return "it shows in " + show(100 * fit.around) + " % of its turn alone: spots, not a ring";
  }
  return "";
}

RingSystem find_rings(const AlignedMean& pattern, std::int64_t height, std::int64_t width, Vector center, double from,
                      double significance) {
  const std::vector<RingPeak> first = ring_peaks(ring_profile(pattern, height, width, center, Matrix{}, 1.0), from);
  std::optional<TriedRing> start;
  std::string why;
  for (std::size_t i = 0; i < std::min(first.size(), most_rings) && !start; ++i) {
    TriedRing ring = try_ring(pattern, height, width, center, first[i], Matrix{}, significance);
    if (ring.rejected.empty()) start = std::move(ring);
    if (why.empty()) why = "; the one at " + show(first[i].radius) + " px does not count: " + ring.rejected;
  }
  if (!start) {
    throw Error(ErrorKind::bad_data, "no ring shows in the mean pattern" + why +
                                         "; give --inner and --outer about one, or a mask that covers the beam");
  }

  // About the centre and ellipse of the first ring the others are sharper.
  RingSystem system;
  const Vector middle = start->fit->center;
  const Matrix undistorted = start->fit->ellipse.distortion().inverse();
  const double beyond = from / std::sqrt(start->fit->ellipse.ratio);
  for (const RingPeak& peak :
       ring_peaks(ring_profile(pattern, height, width, middle, undistorted, 1.0), std::min(from, beyond))) {
    if (system.rings.size() == most_rings) break;
    if (!(peak.prominence > significance * peak.sigma)) continue;
    system.rings.push_back(try_ring(pattern, height, width, middle, peak, undistorted, significance));
  }
  if (system.counted() == 0) system.rings.insert(system.rings.begin(), *start);
  reject_what_disagrees(system);

  const Average average = average_of(system.rings, nullptr);
  const auto number = static_cast<double>(system.counted());
  if (number > 1) {
    double scatter = 0;
    for (const TriedRing& ring : system.rings) {
      if (ring.rejected.empty()) scatter += off(*ring.fit, average.mean);
    }
    system.spread = std::sqrt(scatter / (2 * (number - 1)));
  }
  const double inflation = std::max(1.0, system.spread * system.spread);
  const auto variance = [&](Eigen::Index i, Eigen::Index j) { return inflation * average.covariance(i, j); };
  system.center = {average.mean[0], average.mean[1]};
  system.center_sigma = {std::sqrt(variance(0, 0)), std::sqrt(variance(1, 1))};
  system.ellipse = ellipse_of_stretch(average.mean[2], average.mean[3], variance(2, 2), variance(3, 3), variance(2, 3));
  for (const TriedRing& ring : system.rings) system.converged &= !ring.rejected.empty() || ring.fit->converged;
  return system;
}

}  // namespace ruska::ops::diffraction
