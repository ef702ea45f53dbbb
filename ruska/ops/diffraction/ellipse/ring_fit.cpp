// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/ellipse/ring_fit.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>

#include <Eigen/Dense>

#include "ruska/base/error.hpp"
#include "ruska/math/levenberg_marquardt.hpp"
#include "ruska/ops/diffraction/ring_profile.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::size_t fewest_pixels = 50;
constexpr int farthest_lag = 12;  // px, over which residuals are looked at for hanging together

struct Pixels {
  std::vector<std::int64_t> index;
  std::vector<Vector> place;  ///< from the starting centre
  std::vector<double> value;
};

/// The numbers p, q of a stretch.
struct Stretch {
  double p = 0, q = 0;
};

/// E⁻¹ = exp(−(p, q; q, −p)) = cosh s − sinh s / s · (p, q; q, −p).
Matrix unstretch(Stretch e) {
  const double s = std::hypot(e.p, e.q), c = std::cosh(s), f = s > 1e-12 ? std::sinh(s) / s : 1.0;
  return {c - f * e.p, -f * e.q, -f * e.q, c + f * e.p};
}

/// The conic of the weighted pixels, as radius and stretch.
struct Conic {
  double radius = 0;
  Stretch stretch{};
};

Conic fit_conic(const Pixels& pixels, double inner, double outer, double foot) {
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  Eigen::Vector3d right = Eigen::Vector3d::Zero();
  const double scale = 0.5 * (inner + outer);
  for (std::size_t i = 0; i < pixels.value.size(); ++i) {
    const double weight = std::max(0.0, pixels.value[i] - foot);
    const double x = pixels.place[i].x / scale, y = pixels.place[i].y / scale;
    const Eigen::Vector3d terms(x * x, x * y, y * y);
    normal += weight * terms * terms.transpose();
    right += weight * terms;
  }
  Conic conic{scale, {}};
  const Eigen::Vector3d abc = normal.ldlt().solve(right);
  const double determinant = abc[0] * abc[2] - 0.25 * abc[1] * abc[1];
  if (!(determinant > 0) || !(abc[0] > 0)) return conic;  // no ellipse; a circle is a start too
  const double root = std::sqrt(determinant);
  conic.radius = scale / std::sqrt(root);
  // M / √det M = exp(−2 S), whose traceless part is −sinh 2s / s · S and half its trace cosh 2s.
  const double p = -0.5 * (abc[0] - abc[2]) / root, q = -0.5 * abc[1] / root, sinh = std::hypot(p, q);
  const double factor = sinh > 1e-12 ? 0.5 * std::asinh(sinh) / sinh : 0.5;
  conic.stretch = {factor * p, factor * q};
  return conic;
}

/// How many times larger the variance of a mean of these residuals is than if each stood for itself.
double correlation_of(const Pixels& pixels, const std::vector<double>& residual, std::int64_t width) {
  std::unordered_map<std::int64_t, double> at;
  double square = 0;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    at[pixels.index[i]] = residual[i];
    square += residual[i] * residual[i];
  }
  square /= static_cast<double>(residual.size());
  if (!(square > 0)) return 1;
  // Shells of lags outward, until one hangs together no more.
  double factor = 1;
  for (int shell = 1; shell <= farthest_lag; ++shell) {
    double sum = 0;
    int lags = 0;
    for (int dy = -shell; dy <= shell; ++dy) {
      for (int dx = -shell; dx <= shell; ++dx) {
        if (std::max(std::abs(dx), std::abs(dy)) != shell) continue;
        double product = 0, pairs = 0;
        for (std::size_t i = 0; i < residual.size(); ++i) {
          const std::int64_t x = pixels.index[i] % width + dx;
          if (x < 0 || x >= width) continue;
          const auto other = at.find(pixels.index[i] + dy * width + dx);
          if (other == at.end()) continue;
          product += residual[i] * other->second;
          pairs += 1;
        }
        sum += pairs > 0 ? product / pairs / square : 0;
        ++lags;
      }
    }
    // A shell of independent residuals scatters about zero by the root of its lags over the pixels' number.
    if (sum < 3 * std::sqrt(static_cast<double>(lags) / static_cast<double>(residual.size()))) break;
    factor += sum;
  }
  return factor;
}

/// In how many of the twelfths of a turn the ring stands out: its height fitted there alone, over the fitted
/// background, is at least a quarter of the whole ring's.
double share_around(const Pixels& pixels, const std::vector<double>& weights, const std::vector<double>& v) {
  constexpr std::size_t sectors = 12, fewest = 4;
  constexpr double least = 0.25;
  std::array<double, sectors> product{}, square{};
  std::array<std::size_t, sectors> number{};
  const Matrix unstretched = unstretch({v[2], v[3]});
  for (std::size_t i = 0; i < pixels.value.size(); ++i) {
    const Vector at = unstretched * (pixels.place[i] - Vector{v[0], v[1]});
    const double t = length(at) - v[4], w = t < 0 ? v[5] : v[6];
    const double shape = std::exp(-0.5 * t * t / (w * w + 1e-6));
    const double turn = std::atan2(at.y, at.x) / (2 * std::numbers::pi) + 1;
    const auto sector = static_cast<std::size_t>(turn * sectors) % sectors;
    const double above = pixels.value[i] - (v[8] + (v[9] + v[10] * t) * t);
    product[sector] += weights[i] * shape * above;
    square[sector] += weights[i] * shape * shape;
    number[sector] += shape > 0.5 ? 1 : 0;
  }
  double covered = 0, there = 0;
  for (std::size_t s = 0; s < sectors; ++s) {
    if (number[s] < fewest) continue;
    covered += 1;
    there += product[s] > least * v[7] * square[s] ? 1 : 0;
  }
  return covered > 0 ? there / covered : 0;
}

}  // namespace

EllipseCalibration ellipse_of_stretch(double p, double q, double variance_p, double variance_q, double covariance) {
  EllipseCalibration ellipse;
  const double s = std::hypot(p, q);
  ellipse.ratio = std::exp(2 * s);
  ellipse.angle = 0.5 * std::atan2(q, p) / radians_per_degree;
  if (ellipse.angle < 0) ellipse.angle += 180;
  const double c = s > 0 ? p / s : 1, n = s > 0 ? q / s : 0;
  const double along = c * c * variance_p + n * n * variance_q + 2 * c * n * covariance;
  const double across = n * n * variance_p + c * c * variance_q - 2 * c * n * covariance;
  ellipse.ratio_sigma = 2 * ellipse.ratio * std::sqrt(std::max(0.0, along));
  const double unknown = 180 / std::sqrt(12.0);  // an angle that may be any
  ellipse.angle_sigma =
      s > 0 ? std::min(unknown, 0.5 * std::sqrt(std::max(0.0, across)) / s / radians_per_degree) : unknown;
  return ellipse;
}

RingFit fit_ring(const AlignedMean& pattern, std::int64_t height, std::int64_t width, Vector center, double inner,
                 double outer, const Matrix& undistorted) {
  Pixels pixels;
  for (std::int64_t i = 0; i < height * width; ++i) {
    if (!(pattern.coverage[static_cast<std::size_t>(i)] > 0.5)) continue;
    const Vector place{static_cast<double>(i % width) - center.x, static_cast<double>(i / width) - center.y};
    const double radius = length(undistorted * place);
    if (radius < inner || radius > outer) continue;
    pixels.index.push_back(i);
    pixels.place.push_back(place);
    pixels.value.push_back(pattern.pattern[static_cast<std::size_t>(i)]);
  }
  if (pixels.value.size() < fewest_pixels) {
    throw Error(ErrorKind::bad_data, "only " + std::to_string(pixels.value.size()) + " pixels lie between the radii " +
                                         std::to_string(inner) + " and " + std::to_string(outer) +
                                         " px; give --inner and --outer further apart");
  }
  const RingProfile profile = ring_profile(pattern, height, width, center, undistorted, 1.0);
  const auto mean_at = [&](double radius) {
    const double last = static_cast<double>(profile.mean.size() - 1), at = std::clamp(radius, 0.0, last);
    const auto low = static_cast<std::size_t>(std::min(at, std::max(0.0, last - 1)));
    const double share = at - static_cast<double>(low);
    return (1 - share) * profile.mean[low] + share * profile.mean[std::min(low + 1, profile.mean.size() - 1)];
  };
  const double foot = std::min(mean_at(inner), mean_at(outer));
  double top = foot;
  for (double r = inner; r <= outer; r += 0.5) top = std::max(top, mean_at(r));
  if (!(top - foot > 1e-9 * std::abs(top))) {
    throw Error(ErrorKind::bad_data, "no ring stands above the background between the radii " + std::to_string(inner) +
                                         " and " + std::to_string(outer) + " px; give --inner and --outer about one");
  }
  const Conic conic = fit_conic(pixels, inner, outer, foot);

  // Poisson weights, per count of one pattern's mean; where a mean is hardly above zero its noise is no smaller.
  std::vector<double> weights;
  for (const Vector& place : pixels.place)
    weights.push_back(1 / std::max(mean_at(length(undistorted * place)), 0.05 * top));
  const double spread = outer - inner;
  const std::vector<double> start{
      0, 0, conic.stretch.p, conic.stretch.q, conic.radius, 0.2 * spread, 0.2 * spread, top - foot, foot, 0, 0};
  const std::vector<double> scales{1,      1,   0.1, 0.1,          conic.radius,         spread,
                                   spread, top, top, top / spread, top / spread / spread};
  const auto model = [&](std::span<const double> v, std::span<double> out) {
    const Matrix unstretched = unstretch({v[2], v[3]});
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double t = length(unstretched * (pixels.place[i] - Vector{v[0], v[1]})) - v[4];
      const double w = t < 0 ? v[5] : v[6];
      out[i] = v[8] + (v[9] + v[10] * t) * t + v[7] * std::exp(-0.5 * t * t / (w * w + 1e-6));
    }
  };
  const CurveFit fit = fit_curve(pixels.value, weights, start, scales, model);
  std::vector<double> predicted(pixels.value.size()), residual(predicted.size());
  model(fit.parameters, predicted);
  for (std::size_t i = 0; i < residual.size(); ++i) {
    residual[i] = std::sqrt(weights[i]) * (pixels.value[i] - predicted[i]);
  }
  const double inflation = correlation_of(pixels, residual, width);
  const auto covariance = [&](std::size_t i, std::size_t j) { return inflation * fit.covariance_of(i, j); };
  const auto sigma = [&](std::size_t i) { return std::sqrt(std::max(0.0, covariance(i, i))); };

  RingFit ring;
  ring.converged = fit.converged;
  ring.reduced_chi_square = fit.reduced_chi_square;
  ring.center = center + Vector{fit.parameters[0], fit.parameters[1]};
  ring.center_sigma = {sigma(0), sigma(1)};
  ring.radius = fit.parameters[4];
  ring.radius_sigma = sigma(4);
  ring.width_inside = std::abs(fit.parameters[5]);
  ring.width_outside = std::abs(fit.parameters[6]);
  ring.height = fit.parameters[7];
  ring.height_sigma = sigma(7);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) ring.covariance[4 * i + j] = covariance(i, j);
  }
  ring.stretch = {fit.parameters[2], fit.parameters[3]};
  ring.ellipse =
      ellipse_of_stretch(fit.parameters[2], fit.parameters[3], covariance(2, 2), covariance(3, 3), covariance(2, 3));
  ring.around = share_around(pixels, weights, fit.parameters);
  return ring;
}

}  // namespace ruska::ops::diffraction
