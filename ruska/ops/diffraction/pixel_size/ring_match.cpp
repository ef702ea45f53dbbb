// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/pixel_size/ring_match.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "ruska/base/error.hpp"
#include "ruska/math/levenberg_marquardt.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double comb_widths[] = {1.5, 3, 5};  // px, standard deviations
constexpr Eigen::Index background_degree = 4;
constexpr double scale_step = 1.001, rival_distance = 0.05;
constexpr double least_significance = 3;
constexpr std::size_t fewest_rings = 3;
constexpr double before_the_first = 0.8;  // of the first ring's radius: where the fit begins
constexpr double smallest_value = 1e-3;   // of the median: what a logarithm takes for nothing
constexpr int farthest_lag = 12;          // bins, over which residuals are looked at for hanging together

/// Takes a polynomial in log r out of values over the profile.
class Detrending {
 public:
  explicit Detrending(const std::vector<double>& radius)
      : basis_(static_cast<Eigen::Index>(radius.size()), background_degree + 1) {
    const double first = std::log(radius.front()), last = std::log(radius.back());
    for (Eigen::Index i = 0; i < basis_.rows(); ++i) {
      const double t = 2 * (std::log(radius[static_cast<std::size_t>(i)]) - first) / (last - first) - 1;
      for (Eigen::Index d = 0; d <= background_degree; ++d) basis_(i, d) = std::pow(t, static_cast<double>(d));
    }
    basis_ = Eigen::HouseholderQR<Eigen::MatrixXd>(basis_).householderQ() *
             Eigen::MatrixXd::Identity(basis_.rows(), basis_.cols());
  }
  void apply(Eigen::VectorXd& values) const { values -= basis_ * (basis_.transpose() * values); }

 private:
  Eigen::MatrixXd basis_;
};

struct Trial {
  double size = 0, width = 0, score = -1;
};

std::vector<Trial> try_scales(const std::vector<double>& radius, const std::vector<double>& values,
                              const std::vector<PowderRing>& rings, double low, double high) {
  const Detrending detrending(radius);
  std::vector<double> sorted = values;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
  const double floor = smallest_value * std::max(sorted[sorted.size() / 2], 1e-300);
  Eigen::VectorXd profile(static_cast<Eigen::Index>(values.size())), comb(profile.size());
  for (Eigen::Index i = 0; i < profile.size(); ++i) {
    profile[i] = std::log(std::max(values[static_cast<std::size_t>(i)], floor));
  }
  detrending.apply(profile);
  std::vector<Trial> trials;
  for (double size = low; size <= high; size *= scale_step) {
    Trial best{size, 0, -1};
    if (rings[0].frequency / size > radius.front() && rings[2].frequency / size < radius.back()) {
      for (const double width : comb_widths) {
        comb.setZero();
        for (const PowderRing& ring : rings) {
          const double at = ring.frequency / size;
          if (at > radius.back() + 3 * width) break;
          // What stands above the background in the logarithm differs little from ring to ring.
          const double height = std::sqrt(static_cast<double>(ring.multiplicity) / ring.frequency);
          const auto begin = std::lower_bound(radius.begin(), radius.end(), at - 5 * width);
          for (auto r = begin; r != radius.end() && *r < at + 5 * width; ++r) {
            const double off = (*r - at) / width;
            comb[r - radius.begin()] += height * std::exp(-0.5 * off * off);
          }
        }
        detrending.apply(comb);
        const double norm = profile.norm() * comb.norm();
        const double score = norm > 0 ? profile.dot(comb) / norm : -1;
        if (score > best.score) best = {size, width, score};
      }
    }
    trials.push_back(best);
  }
  return trials;
}

/// How many times larger the variance of what is fitted is than if every bin stood for itself.
double correlation_of(const std::vector<double>& residual) {
  double square = 0, factor = 1;
  for (const double one : residual) square += one * one / static_cast<double>(residual.size());
  if (!(square > 0)) return 1;
  for (std::size_t lag = 1; lag <= farthest_lag && lag < residual.size(); ++lag) {
    double product = 0;
    for (std::size_t i = lag; i < residual.size(); ++i) product += residual[i] * residual[i - lag];
    const double correlation = product / static_cast<double>(residual.size() - lag) / square;
    if (correlation < 0.1) break;
    factor += 2 * correlation;
  }
  return factor;
}

}  // namespace

RingMatch match_rings(const RingProfile& profile, const PowderStandard& standard, double from, double low,
                      double high) {
  const auto begin = static_cast<std::size_t>(std::ceil(from / profile.step));
  const double last = profile.radius(profile.mean.size() - 1);
  std::vector<double> radius, values, sigma;
  std::vector<std::size_t> bins;
  for (std::size_t b = std::max<std::size_t>(1, begin); b < profile.mean.size(); ++b) {
    if (!(profile.weight[b] > 0) || !(profile.sigma[b] > 0)) continue;
    bins.push_back(b);
    radius.push_back(profile.radius(b));
    values.push_back(profile.mean[b]);
    sigma.push_back(profile.sigma[b]);
  }
  if (radius.size() < 32) {
    throw Error(ErrorKind::bad_data, "from the radius " + std::to_string(from) + " px to the frame's edge at " +
                                         std::to_string(last) +
                                         " px there is no room for rings, or nothing but zeros; give a "
                                         "smaller --inner");
  }
  const std::vector<PowderRing> rings = powder_rings(standard, (last + 3 * comb_widths[2]) * high);
  if (rings.size() < fewest_rings) {
    throw Error(ErrorKind::bad_data, "fewer than three rings of " + standard.name +
                                         " lie within the frame at any of the sizes tried; give --expected");
  }
  const std::vector<Trial> trials = try_scales(radius, values, rings, low, high);
  const Trial best =
      *std::max_element(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) { return a.score < b.score; });
  if (!(best.score > 0)) {
    throw Error(ErrorKind::bad_data,
                "the rings of " + standard.name +
                    " fit the profile nowhere; check the standard, and calibrate the origin first");
  }
  RingMatch match;
  match.score = best.score;
  for (const Trial& trial : trials) {
    if (std::abs(trial.size / best.size - 1) > rival_distance)
      match.rival_score = std::max(match.rival_score, trial.score);
  }

  // The fit: scale against the coarse one, width, four numbers of the background, heights.
  const double start_radius = std::max(radius.front(), before_the_first * rings.front().frequency / best.size);
  std::vector<PowderRing> used;
  for (const PowderRing& ring : rings) {
    const double at = ring.frequency / best.size;
    if (at > start_radius && at < last + best.width) used.push_back(ring);
  }
  const auto first =
      static_cast<std::size_t>(std::lower_bound(radius.begin(), radius.end(), start_radius) - radius.begin());
  const std::vector<double> local(values.begin() + static_cast<std::ptrdiff_t>(first), values.end());
  if (used.size() < fewest_rings || local.size() < used.size() + 12) {
    throw Error(ErrorKind::bad_data, "only " + std::to_string(used.size()) + " rings of " + standard.name +
                                         " lie within the frame, and three are needed; use a smaller camera length");
  }
  std::vector<double> weights;
  for (std::size_t i = first; i < sigma.size(); ++i) weights.push_back(1 / (sigma[i] * sigma[i]));
  const double middle = 0.5 * (start_radius + last), half = 0.5 * (last - start_radius);
  const double top = *std::max_element(local.begin(), local.end());
  const double foot = std::max(*std::min_element(local.begin(), local.end()), 1e-3 * top);
  const double slope = 0.5 * std::log(std::max(local.front(), foot) / foot);
  std::vector<double> start{1, best.width, std::log(foot) + slope, -slope, 0, 0}, scales{0.01, 1, 1, 1, 1, 1};
  for (const PowderRing& ring : used) {
    const auto at = static_cast<std::size_t>(
        std::min<double>(std::max(0.0, (ring.frequency / best.size - start_radius) / profile.step),
                         static_cast<double>(local.size() - 1)));
    start.push_back(std::max(0.0, 0.5 * (local[at] - foot)));
    scales.push_back(top);
  }
  const auto model = [&](std::span<const double> v, std::span<double> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double r = radius[first + i], t = (r - middle) / half;
      double sum = std::exp(std::clamp(v[2] + (v[3] + (v[4] + v[5] * t) * t) * t, -700.0, 700.0));
      for (std::size_t k = 0; k < used.size(); ++k) {
        const double off = (r - used[k].frequency / (best.size * v[0])) / (std::abs(v[1]) + 1e-3);
        if (std::abs(off) < 8) sum += v[6 + k] * std::exp(-0.5 * off * off);
      }
      out[i] = sum;
    }
  };
  const CurveFit fit = fit_curve(local, weights, start, scales, model, 200);
  std::vector<double> predicted(local.size()), residual;
  model(fit.parameters, predicted);
  for (std::size_t i = 0; i < local.size(); ++i) residual.push_back(std::sqrt(weights[i]) * (local[i] - predicted[i]));
  // The covariance is scaled by χ² already; a lucky one below 1 must not make it smaller.
  const double inflation = correlation_of(residual) / std::min(1.0, std::max(fit.reduced_chi_square, 1e-12));
  const auto deviation = [&](std::size_t i) { return std::sqrt(std::max(0.0, inflation * fit.covariance_of(i, i))); };
  match.converged = fit.converged;
  match.width = std::abs(fit.parameters[1]);
  match.pixel_size = best.size * fit.parameters[0];
  match.sigma = best.size * deviation(0);
  for (std::size_t k = 0; k < used.size(); ++k) {
    match.rings.push_back({used[k], used[k].frequency / match.pixel_size, fit.parameters[6 + k], deviation(6 + k)});
    match.significant += fit.parameters[6 + k] > least_significance * deviation(6 + k) ? 1 : 0;
  }
  match.fitted.resize(profile.mean.size());
  for (std::size_t i = 0; i < predicted.size(); ++i) match.fitted[bins[first + i]] = predicted[i];
  const bool near = std::abs(fit.parameters[0] - 1) < 0.03;
  if (match.significant < fewest_rings || !near || !std::isfinite(match.sigma)) {
    throw Error(ErrorKind::bad_data, "only " + std::to_string(match.significant) + " rings of " + standard.name +
                                         " stand out, and three are needed; check the standard, calibrate origin and "
                                         "ellipse first, or give --expected");
  }
  return match;
}

}  // namespace ruska::ops::diffraction
