// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/pixel_size/ring_match.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/error.hpp"
#include "ruska/math/levenberg_marquardt.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double comb_width = 1.5;         // px, standard deviation
constexpr double opening_width = 1.0 / 8;  // of the profile
constexpr double rival_distance = 0.05;
constexpr double least_significance = 5;
constexpr std::size_t fewest_rings = 3;

std::vector<double> extreme_within(const std::vector<double>& values, std::int64_t reach, bool largest) {
  std::vector<double> result(values.size());
  const auto size = static_cast<std::int64_t>(values.size());
  for (std::int64_t i = 0; i < size; ++i) {
    const auto begin = values.begin() + std::max<std::int64_t>(0, i - reach);
    const auto end = values.begin() + std::min(size, i + reach + 1);
    result[static_cast<std::size_t>(i)] = largest ? *std::max_element(begin, end) : *std::min_element(begin, end);
  }
  return result;
}

/// What stands above the broad shape of the profile, square root.
std::vector<double> peaks_of(const std::vector<double>& values, double step) {
  const auto size = static_cast<double>(values.size());
  const auto reach = static_cast<std::int64_t>(std::max(4.0 / step, 0.5 * opening_width * size));
  const std::vector<double> opened = extreme_within(extreme_within(values, reach, false), reach, true);
  std::vector<double> peaks;
  for (std::size_t i = 0; i < values.size(); ++i) peaks.push_back(std::sqrt(std::max(0.0, values[i] - opened[i])));
  return peaks;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double mean_a = 0, mean_b = 0, ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / static_cast<double>(a.size());
    mean_b += b[i] / static_cast<double>(a.size());
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace

RingMatch match_rings(const RingProfile& profile, const PowderStandard& standard, double from, double low,
                      double high) {
  const auto first = static_cast<std::size_t>(std::ceil(from / profile.step));
  const double last = profile.radius(profile.mean.size() - 1);
  if (first + 16 >= profile.mean.size()) {
    throw Error(ErrorKind::bad_data, "from the radius " + std::to_string(from) + " to the frame's edge at " +
                                         std::to_string(last) +
                                         " px there is no room for rings; give a smaller --inner");
  }
  const std::vector<double> values(profile.mean.begin() + static_cast<std::ptrdiff_t>(first), profile.mean.end());
  const std::vector<double> peaks = peaks_of(values, profile.step);
  const std::vector<PowderRing> rings = powder_rings(standard, last * high);

  struct Trial {
    double size, score;
  };
  std::vector<Trial> trials;
  std::vector<double> comb(values.size());
  for (double size = low; size <= high; size *= 1.001) {
    std::fill(comb.begin(), comb.end(), 0.0);
    for (const PowderRing& ring : rings) {
      const double radius = ring.frequency / size;
      if (radius < from - 3 * comb_width || radius > last + 3 * comb_width) continue;
      // Structure factors fall about as 1/g² squared under the root; a ring's height falls with its length.
      const double height =
          std::sqrt(static_cast<double>(ring.multiplicity) / ring.frequency) / (ring.frequency * ring.frequency);
      for (std::size_t i = 0; i < comb.size(); ++i) {
        const double off = (profile.radius(first + i) - radius) / comb_width;
        if (std::abs(off) < 5) comb[i] += height * std::exp(-0.5 * off * off);
      }
    }
    trials.push_back({size, correlation(peaks, comb)});
  }
  if (trials.empty()) throw Error(ErrorKind::internal, "no scale to try");
  const Trial best =
      *std::max_element(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) { return a.score < b.score; });
  RingMatch match;
  match.score = best.score;
  for (const Trial& trial : trials) {
    if (std::abs(trial.size / best.size - 1) > rival_distance)
      match.rival_score = std::max(match.rival_score, trial.score);
  }

  double size = best.size;
  for (int repeat = 0; repeat < 2; ++repeat) {
    match.rings.clear();
    for (std::size_t r = 0; r < rings.size(); ++r) {
      const double expected = rings[r].frequency / size;
      const double below = r == 0 ? expected - from : expected - rings[r - 1].frequency / size;
      const double above = r + 1 < rings.size() ? rings[r + 1].frequency / size - expected : expected;
      const double reach = std::min({0.5 * below, 0.5 * above, 12.0});
      // Rings closer than that cannot be told apart.
      if (reach < 3 || expected - reach < from || expected + reach > last) continue;
      std::vector<double> at, local, weights;
      for (std::size_t b = first; b < profile.mean.size(); ++b) {
        const double radius = profile.radius(b);
        if (std::abs(radius - expected) > reach || !(profile.weight[b] > 0) || !(profile.sigma[b] > 0)) continue;
        at.push_back(radius - expected);
        local.push_back(profile.mean[b]);
        weights.push_back(1 / (profile.sigma[b] * profile.sigma[b]));
      }
      if (local.size() < 7) continue;
      const double foot = std::min(local.front(), local.back());
      const double top = *std::max_element(local.begin(), local.end());
      if (!(top > foot)) continue;
      const auto model = [&](std::span<const double> v, std::span<double> out) {
        for (std::size_t i = 0; i < out.size(); ++i) {
          const double t = (at[i] - v[0]) / (std::abs(v[1]) + 1e-3);
          out[i] = v[2] * std::exp(-0.5 * t * t) + v[3] + v[4] * at[i];
        }
      };
      const CurveFit fit = fit_curve(local, weights, {0, 1.5, top - foot, foot, 0},
                                     std::vector<double>{1, 1, top, top, top / reach}, model);
      const double sigma = std::sqrt(std::max(0.0, fit.covariance_of(0, 0)));
      const double height_sigma = std::sqrt(std::max(0.0, fit.covariance_of(2, 2)));
      if (!(fit.parameters[2] > least_significance * height_sigma) || !(sigma > 0) || !(sigma < 0.5 * reach) ||
          !(std::abs(fit.parameters[0]) < 0.7 * reach) || !(std::abs(fit.parameters[1]) < reach)) {
        continue;
      }
      match.rings.push_back({rings[r], expected + fit.parameters[0], sigma, fit.parameters[2]});
    }
    if (match.rings.size() < fewest_rings) {
      throw Error(
          ErrorKind::bad_data,
          "only " + std::to_string(match.rings.size()) + " rings of " + standard.name +
              " can be measured, and three are needed; check the standard, calibrate origin and ellipse first, or "
              "give --expected");
    }
    double gg = 0, rg = 0;
    for (const MeasuredRing& one : match.rings) {
      const double weight = 1 / (one.radius_sigma * one.radius_sigma);
      gg += weight * one.ring.frequency * one.ring.frequency;
      rg += weight * one.ring.frequency * one.radius;
    }
    const double scale = rg / gg;  // px per 1/nm
    double chi_square = 0;
    for (const MeasuredRing& one : match.rings) {
      chi_square += std::pow((one.radius - scale * one.ring.frequency) / one.radius_sigma, 2);
    }
    match.reduced_chi_square = chi_square / static_cast<double>(match.rings.size() - 1);
    size = match.pixel_size = 1 / scale;
    match.sigma = std::sqrt(std::max(1.0, match.reduced_chi_square) / gg) / (scale * scale);
  }
  return match;
}

}  // namespace ruska::ops::diffraction
