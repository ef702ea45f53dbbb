// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Scores of point symmetries of one pattern about one centre, after symmetry STEM (M. Krajnak and J. Etheridge, PNAS
// 117, 27805 (2020)) with counting noise taken off.
//
// The pattern I is sampled on rings by bilinear interpolation, f(r, φ) = Σ_k w_k I_k, less the mean of each ring.
// Rotations and mirrors then map samples on samples, so that I and its image are interpolated alike:
//   rotation   c(θ) = Σ a f(r, φ) f(r, φ + θ) / Σ a f²
//   mirror     c(α) = Σ a f(r, φ) f(r, 2α − φ) / Σ a f²         a: the sample's area r dr dφ
//
// Noise. For independent counts cov(I_j, I_k) = I_k δ_jk, so that the mean of f² exceeds the square of its mean by
// h = Σ w_k² I_k, which holds for interpolated samples as for pixels and is taken off exactly. Products of samples that
// share no pixel have no such excess. Samples share none when they are √8 px apart; pairs that are nearer are left out:
// for rotations that is the disc inside the inner radius, for mirrors a strip along the line.
//
// Variance. With A the quadratic form of c Σ a f² − s Σ a f² (s the score) the variance is that of n' A n:
//   4 Σ I (A f)² + 2 Σ_jk A_jk² I_j I_k,
// the first with the noise in A f taken off, the second with the mean autocovariance of bilinear interpolation of white
// noise, a product of cubic B-splines: Σ over lags of its square is (151/315)²/(2/3)⁴ = 1.163 px².
//
// Cost per centre: 4 pixels per sample, 4 products for the rotations, angles/2 for all mirrors.
#include "ruska/ops/diffraction/symmetry/symmetry_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "ruska/math/parabola.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double arc = 1.2;                     // px between samples of the outermost ring
constexpr double no_shared_pixel = 2.8284272;   // px; each of two samples takes the 2 × 2 pixels about it
constexpr double squared_correlation = 1.1634;  // px²; see above
constexpr double least_share = 0.1;             // of the power that a mirror's strip may leave for its denominator
constexpr std::int64_t fewest_samples = 12;     // of a ring that its mean needs

/// Autocovariance along one axis of bilinear interpolation of white noise, over all phases: the cubic B-spline.
double spline(double distance) {
  const double d = std::abs(distance);
  if (d >= 2) return 0;
  return d < 1 ? 2.0 / 3 - d * d + d * d * d / 2 : std::pow(2 - d, 3) / 6;
}

}  // namespace

PolarGrid::PolarGrid(double inner, double outer, const Matrix& distortion) {
  rings = std::max<std::int64_t>(1, std::llround(outer - inner));
  angles = 12 * std::max<std::int64_t>(2, static_cast<std::int64_t>(std::ceil(2 * pi * outer / (12 * arc))));
  // Singular values of the distortion: how far it stretches at most, and at least.
  const double frobenius = distortion.xx * distortion.xx + distortion.xy * distortion.xy +
                           distortion.yx * distortion.yx + distortion.yy * distortion.yy;
  const double determinant = std::abs(distortion.xx * distortion.yy - distortion.xy * distortion.yx);
  const double largest =
      0.5 * (std::sqrt(frobenius + 2 * determinant) + std::sqrt(std::max(0.0, frobenius - 2 * determinant)));
  reach = outer * largest;
  const double step = (outer - inner) / static_cast<double>(rings);
  for (std::int64_t r = 0; r < rings; ++r) {
    const double radius = inner + (static_cast<double>(r) + 0.5) * step;
    area.push_back(radius * step * 2 * pi / static_cast<double>(angles));
    double sum = 0;
    for (std::int64_t i = 0; i < angles; ++i) {
      const double angle = 2 * pi * static_cast<double>(i) / static_cast<double>(angles);
      const Vector at = radius * (distortion * Vector{std::cos(angle), std::sin(angle)});
      y.push_back(static_cast<float>(at.y));
      x.push_back(static_cast<float>(at.x));
      // Mean over directions of the covariance with the sample i further on.
      const double chord = 2 * radius * std::sin(angle / 2);
      for (int d = 0; d < 8; ++d) {
        const double direction = pi * d / 16;
        sum += spline(chord * std::cos(direction)) * spline(chord * std::sin(direction)) / 8;
      }
    }
    mean_noise.push_back(sum / (spline(0) * spline(0) * static_cast<double>(angles)));
    const double gap = 2 * std::asin(std::min(1.0, no_shared_pixel * largest / determinant / (2 * radius)));
    least_gap.push_back(static_cast<std::int64_t>(std::ceil(gap * static_cast<double>(angles) / (2 * pi))));
  }
}

SymmetryScorer::SymmetryScorer(const PolarGrid& grid, std::int64_t height, std::int64_t width,
                               double variance_per_count, std::vector<std::uint8_t> left_out)
    : grid_(grid),
      height_(height),
      width_(width),
      variance_per_count_(variance_per_count),
      left_out_(std::move(left_out)) {
  const auto samples = static_cast<std::size_t>(grid.rings * grid.angles);
  const auto angles = static_cast<std::size_t>(grid.angles);
  pattern_.resize(static_cast<std::size_t>(height * width));
  raw_.resize(samples);
  value_.resize(samples);
  noise_.resize(samples);
  even_.resize(2 * angles);
  odd_.resize(2 * angles);
  unrolled_.resize(8 * angles);
  prefix_.resize(3 * angles + 1);
  dropped_.resize(angles);
  mirror_.resize(angles);
  mirror_power_.resize(angles);
  if (!left_out_.empty()) sound_.resize(samples);
  sound_in_.assign(static_cast<std::size_t>(grid.rings), grid.angles);
}

std::int64_t SymmetryScorer::bytes_held(const PolarGrid& grid, std::int64_t height, std::int64_t width) {
  return 5 * (height * width + 3 * grid.rings * grid.angles + 12 * grid.angles) + 8 * (7 * grid.angles + grid.rings);
}

bool SymmetryScorer::load(std::span<const double> pattern) {
  double sum = 0;
  for (const double value : pattern) sum += value;
  const double mean = sum / static_cast<double>(pattern.size());
  if (!(mean > 0) || !std::isfinite(mean)) return false;
  for (std::size_t p = 0; p < pattern.size(); ++p) pattern_[p] = static_cast<float>(pattern[p] / mean);
  noise_per_value_ = variance_per_count_ / mean;
  return true;
}

void SymmetryScorer::sample(double center_y, double center_x) {
  const auto cy = static_cast<float>(center_y), cx = static_cast<float>(center_x);
  const auto q = static_cast<float>(noise_per_value_);
  const std::int64_t samples = grid_.rings * grid_.angles;
  const std::int32_t last_y = static_cast<std::int32_t>(height_) - 2, last_x = static_cast<std::int32_t>(width_) - 2;
  const float* const pattern = pattern_.data();
  for (std::int64_t s = 0; s < samples; ++s) {
    const float at_y = cy + grid_.y[static_cast<std::size_t>(s)], at_x = cx + grid_.x[static_cast<std::size_t>(s)];
    const std::int32_t iy = std::clamp(static_cast<std::int32_t>(at_y), 0, last_y);
    const std::int32_t ix = std::clamp(static_cast<std::int32_t>(at_x), 0, last_x);
    const float fy = at_y - static_cast<float>(iy), fx = at_x - static_cast<float>(ix);
    const float* const row = pattern + iy * width_ + ix;
    const float w00 = (1 - fy) * (1 - fx), w01 = (1 - fy) * fx, w10 = fy * (1 - fx), w11 = fy * fx;
    const float v00 = w00 * row[0], v01 = w01 * row[1], v10 = w10 * row[width_], v11 = w11 * row[width_ + 1];
    raw_[static_cast<std::size_t>(s)] = v00 + v01 + v10 + v11;
    noise_[static_cast<std::size_t>(s)] = q * (w00 * v00 + w01 * v01 + w10 * v10 + w11 * v11);
  }
}

void SymmetryScorer::find_sound_samples(double center_y, double center_x) {
  const auto cy = static_cast<float>(center_y), cx = static_cast<float>(center_x);
  const std::int32_t last_y = static_cast<std::int32_t>(height_) - 2, last_x = static_cast<std::int32_t>(width_) - 2;
  for (std::int64_t r = 0; r < grid_.rings; ++r) {
    std::int64_t number = 0;
    for (std::int64_t i = r * grid_.angles; i < (r + 1) * grid_.angles; ++i) {
      const auto s = static_cast<std::size_t>(i);
      const std::int32_t iy = std::clamp(static_cast<std::int32_t>(cy + grid_.y[s]), 0, last_y);
      const std::int32_t ix = std::clamp(static_cast<std::int32_t>(cx + grid_.x[s]), 0, last_x);
      const std::uint8_t* const row = left_out_.data() + iy * width_ + ix;
      sound_[s] = row[0] == 0 && row[1] == 0 && row[width_] == 0 && row[width_ + 1] == 0 ? 1 : 0;
      number += sound_[s];
    }
    if (number < fewest_samples) {
      std::fill_n(sound_.begin() + r * grid_.angles, grid_.angles, std::uint8_t{0});
      number = 0;
    }
    sound_in_[static_cast<std::size_t>(r)] = number;
  }
}

void SymmetryScorer::remove_ring_means() {
  double power = 0, mean = 0, mean_square = 0, mean_noise = 0, area = 0;
  for (std::int64_t r = 0; r < grid_.rings; ++r) {
    const float* const raw = raw_.data() + r * grid_.angles;
    const float* const noise = noise_.data() + r * grid_.angles;
    float* const value = value_.data() + r * grid_.angles;
    const std::uint8_t* const sound = left_out_.empty() ? nullptr : sound_.data() + r * grid_.angles;
    const auto number = static_cast<double>(sound_in_[static_cast<std::size_t>(r)]);
    if (number == 0) {
      std::fill_n(value, grid_.angles, 0.0f);
      std::fill_n(noise_.begin() + r * grid_.angles, grid_.angles, 0.0f);
      continue;
    }
    double sum = 0, noise_sum = 0, squares = 0;
    for (std::int64_t i = 0; i < grid_.angles; ++i) {
      if (sound != nullptr && sound[i] == 0) {
        raw_[static_cast<std::size_t>(r * grid_.angles + i)] = 0;
        noise_[static_cast<std::size_t>(r * grid_.angles + i)] = 0;
      }
      sum += raw[i];
      noise_sum += noise[i];
    }
    const double ring_mean = sum / number;
    for (std::int64_t i = 0; i < grid_.angles; ++i) {
      value[i] = sound != nullptr && sound[i] == 0 ? 0.0f : raw[i] - static_cast<float>(ring_mean);
      squares += static_cast<double>(value[i]) * value[i];
    }
    // Taking off the mean takes the mean's share of the noise with it.
    const double share = mean_share(r), a = grid_.area[static_cast<std::size_t>(r)];
    power += a * (squares - noise_sum * (1 - share));
    const double weight = a * number;
    area += weight;
    mean += weight * ring_mean;
    mean_square += weight * ring_mean * ring_mean;
    mean_noise += weight * noise_sum / number * share;
  }
  scores_.power = power;
  scores_.radial_power = area > 0 ? mean_square - mean * mean / area - mean_noise : 0;
}

double SymmetryScorer::mean_share(std::int64_t ring) const {
  const auto r = static_cast<std::size_t>(ring);
  const auto sound = static_cast<double>(std::max<std::int64_t>(sound_in_[r], 1));
  return grid_.mean_noise[r] * static_cast<double>(grid_.angles) / sound;
}

void SymmetryScorer::correlate_rotations() {
  const std::int64_t n = grid_.angles;
  for (std::size_t o = 0; o < rotation_orders.size(); ++o) {
    const std::int64_t shift = n / rotation_orders[o];
    double total = 0, lost = 0;
    for (std::int64_t r = 0; r < grid_.rings; ++r) {
      const float* const value = value_.data() + r * n;
      const float* const noise = noise_.data() + r * n;
      const double share = mean_share(r), a = grid_.area[static_cast<std::size_t>(r)];
      double lanes[4] = {}, noise_sum = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t j = i + shift < n ? i + shift : i + shift - n;
        lanes[i % 4] += static_cast<double>(value[i]) * value[j];
        noise_sum += noise[i];
      }
      const std::int64_t sound = sound_in_[static_cast<std::size_t>(r)];
      if (sound < n && sound > 0) {
        // Samples without an image: half of their power for either direction of the turn, and no product.
        const std::uint8_t* const good = sound_.data() + r * n;
        std::int64_t pairs = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          const std::int64_t j = i + shift < n ? i + shift : i + shift - n;
          pairs += good[i] & good[j];
          const auto power = [&](std::int64_t k) {
            return static_cast<double>(value[k]) * value[k] - noise[k] * (1 - share);
          };
          if (good[i] != 0 && good[j] == 0) lost += 0.5 * a * power(i);
          if (good[i] == 0 && good[j] != 0) lost += 0.5 * a * power(j);
        }
        noise_sum *= static_cast<double>(pairs) / static_cast<double>(sound);
      }
      // The ring's mean is common to both factors: its noise was taken off twice.
      total += a * (lanes[0] + lanes[1] + lanes[2] + lanes[3] + noise_sum * share);
    }
    rotation_power_[o] = lost == 0 ? scores_.power : std::max(scores_.power - lost, least_share * scores_.power);
    scores_.rotation[o] = total / rotation_power_[o];
  }
}

void SymmetryScorer::correlate_mirrors() {
  const std::int64_t n = grid_.angles;
  std::fill(even_.begin(), even_.end(), 0.0f);
  std::fill(odd_.begin(), odd_.end(), 0.0f);
  std::fill(dropped_.begin(), dropped_.end(), 0.0);
  std::fill(mirror_.begin(), mirror_.end(), 0.0);
  for (std::int64_t r = 0; r < grid_.rings; ++r) {
    const float* const value = value_.data() + r * n;
    const float* const noise = noise_.data() + r * n;
    const double a = grid_.area[static_cast<std::size_t>(r)];
    const double share = mean_share(r);
    const std::int64_t sound = sound_in_[static_cast<std::size_t>(r)];
    if (sound == 0) continue;
    const std::uint8_t* const good = sound < n ? sound_.data() + r * n : nullptr;
    const std::int64_t gap = std::min(grid_.least_gap[static_cast<std::size_t>(r)], n / 2);
    float* const weighted = unrolled_.data();
    for (std::int64_t i = 0; i < n; ++i) {
      weighted[i] = weighted[i + n] = static_cast<float>(a) * value[i];
    }
    // Each pair once: i and i + e, whose middle is i + e/2. The pair half a turn apart has two middles.
    for (std::int64_t e = gap; e <= n / 2; ++e) {
      if (e == n / 2) {
        for (std::int64_t i = 0; i < 2 * n; ++i) weighted[i] *= 0.5f;
      }
      float* __restrict const sums = (e % 2 == 0 ? even_ : odd_).data() + e / 2;
      const float* const other = weighted + e;
      for (std::int64_t i = 0; i < n; ++i) sums[i] += value[i] * other[i];
    }
    // Power of the samples in no pair: those within half the gap of the line, at either end.
    double noise_sum = 0;
    prefix_[0] = 0;
    for (std::int64_t i = 0; i < 3 * n; ++i) {
      const std::int64_t k = i % n;
      prefix_[static_cast<std::size_t>(i + 1)] =
          prefix_[static_cast<std::size_t>(i)] + static_cast<double>(value[k]) * value[k] - noise[k] * (1 - share);
      if (i < n) noise_sum += noise[k];
    }
    const double mean_noise = a * share * noise_sum / static_cast<double>(sound);
    for (std::int64_t j = 0; j < n; ++j) {
      double power = 0;
      double samples = static_cast<double>(n);
      for (const std::int64_t middle : {j, j + n}) {  // in half angles
        // |2 i − middle| < gap
        const std::int64_t centre = middle + 2 * n - (middle >= n ? 2 * n : 0);
        const std::int64_t first = (centre - gap) / 2 + 1, last = (centre + gap + 1) / 2 - 1;
        if (last < first) continue;
        power += prefix_[static_cast<std::size_t>(last + 1)] - prefix_[static_cast<std::size_t>(first)];
        samples -= static_cast<double>(last - first + 1);
      }
      if (good != nullptr) {
        // Beyond the strip, a sample that is left out takes its image along.
        for (std::int64_t k = 0; k < n; ++k) {
          if (good[k] != 0) continue;
          const std::int64_t image = (j - k + 2 * n) % n, apart = (k - image + n) % n;
          if (std::min(apart, n - apart) < gap) continue;
          samples -= good[image] != 0 ? 2 : 1;
          if (good[image] == 0) continue;
          power += prefix_[static_cast<std::size_t>(image + 1)] - prefix_[static_cast<std::size_t>(image)];
        }
      }
      dropped_[static_cast<std::size_t>(j)] += a * power;
      mirror_[static_cast<std::size_t>(j)] += mean_noise * samples;
    }
  }
  // The middles that belong to a line: that at its one end and that half a turn on.
  const auto folded = [n](const std::vector<float>& sums, std::int64_t k) {
    double total = 0;
    for (std::int64_t i = k; i < 2 * n; i += n / 2) total += sums[static_cast<std::size_t>(i)];
    return total;
  };
  for (std::int64_t j = 0; j < n; ++j) {
    double& score = mirror_[static_cast<std::size_t>(j)];
    const double kept = std::max(scores_.power - dropped_[static_cast<std::size_t>(j)], least_share * scores_.power);
    mirror_power_[static_cast<std::size_t>(j)] = kept;
    score = (score + 2 * folded(j % 2 == 0 ? even_ : odd_, j / 2)) / kept;
  }
  for (std::size_t o = 0; o < mirror_orders.size(); ++o) {
    const std::int64_t order = mirror_orders[o], period = n / order;
    std::int64_t best = 0;
    double highest = mirror_at(order, 0);
    for (std::int64_t j = 1; j < period; ++j) {
      if (const double here = mirror_at(order, j); here > highest) {
        highest = here;
        best = j;
      }
    }
    const double left = mirror_at(order, best - 1), right = mirror_at(order, best + 1);
    const double shift = parabola_vertex(left, highest, right);
    MirrorScore& mirror = scores_.mirror[o];
    mirror.score = highest - shift * (left - right) / 4;
    const double turn = 180.0 / static_cast<double>(order);
    mirror.angle = (static_cast<double>(best) + shift) * 180.0 / static_cast<double>(n);
    if (mirror.angle < 0) mirror.angle += turn;
    if (mirror.angle >= turn) mirror.angle -= turn;
  }
}

double SymmetryScorer::mirror_at(std::int64_t order, std::int64_t index) const {
  const std::int64_t n = grid_.angles;
  double sum = 0;
  for (std::int64_t k = 0; k < order; ++k) sum += mirror_[static_cast<std::size_t>((index + k * n / order + n) % n)];
  return sum / static_cast<double>(order);
}

const SymmetryScores& SymmetryScorer::score(double center_y, double center_x) {
  sample(center_y, center_x);
  if (!left_out_.empty()) find_sound_samples(center_y, center_x);
  remove_ring_means();
  correlate_rotations();
  correlate_mirrors();
  return scores_;
}

/// A ring's values, written twice, forwards and backwards, so that every image of it is a run of n values.
struct SymmetryScorer::Ring {
  const float *value, *noise, *backward, *backward_noise;
};

SymmetryScorer::Ring SymmetryScorer::unroll(std::int64_t ring) {
  const std::int64_t n = grid_.angles;
  float* const copy = unrolled_.data();
  for (std::int64_t i = 0; i < 2 * n; ++i) {
    const std::int64_t k = ring * n + i % n, back = ring * n + (2 * n - i) % n;
    copy[i] = value_[static_cast<std::size_t>(k)];
    copy[2 * n + i] = noise_[static_cast<std::size_t>(k)];
    copy[4 * n + i] = value_[static_cast<std::size_t>(back)];
    copy[6 * n + i] = noise_[static_cast<std::size_t>(back)];
  }
  return {copy, copy + 2 * n, copy + 4 * n, copy + 6 * n};
}

ScoreCovariance SymmetryScorer::covariance() {
  constexpr std::size_t rotations = rotation_orders.size(), mirrors = mirror_orders.size();
  const std::int64_t n = grid_.angles;
  std::array<std::int64_t, mirrors> line{};
  for (std::size_t o = 0; o < mirrors; ++o) {
    line[o] = std::llround(scores_.mirror[o].angle * static_cast<double>(n) / 180.0) % n;
  }
  // Of each form: the part linear in the noise, which an estimate may put below zero, and the part of its square.
  double linear[rotations][rotations] = {}, square[rotations] = {}, self_square = 0, power_linear = 0;
  double mirror_linear[mirrors] = {}, mirror_square[mirrors] = {}, slope_variance[mirrors] = {};
  for (std::int64_t r = 0; r < grid_.rings; ++r) {
    const float* const raw = raw_.data() + r * n;
    const Ring ring = unroll(r);
    const double a = grid_.area[static_cast<std::size_t>(r)];
    double mean_noise = 0;
    for (std::int64_t i = 0; i < n; ++i) mean_noise += ring.noise[i] / static_cast<double>(n);
    self_square += 2 * squared_correlation * a * mean_noise * mean_noise * static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) {
      const double value = ring.value[i], noise = ring.noise[i];
      const double counts = 4 * a * noise_per_value_ * raw[i], pair = squared_correlation * a * noise;
      power_linear += counts * (value * value - noise);
      double rest[rotations];
      for (std::size_t o = 0; o < rotations; ++o) {
        const std::int64_t shift = n / rotation_orders[o], up = i + shift, down = i + n - shift;
        const bool half_turn = rotation_orders[o] == 2;
        const double score = scores_.rotation[o];
        rest[o] = 0.5 * (static_cast<double>(ring.value[up]) + ring.value[down]) - score * value;
        const double own = half_turn ? ring.noise[up] : 0.25 * (static_cast<double>(ring.noise[up]) + ring.noise[down]);
        linear[o][o] += counts * (rest[o] * rest[o] - own - score * score * noise);
        square[o] += (half_turn ? 2 : 1) * pair * ring.noise[up];
        for (std::size_t p = 0; p < o; ++p) {
          linear[o][p] += counts * (rest[o] * rest[p] - score * scores_.rotation[p] * noise);
        }
      }
      for (std::size_t o = 0; o < mirrors; ++o) {
        const std::int64_t order = mirror_orders[o];
        const double share = 1 / static_cast<double>(order), score = scores_.mirror[o].score;
        double image = 0, own = 0, slope = 0, slope_noise = 0;
        for (std::int64_t k = 0; k < order; ++k) {
          std::int64_t start = n - line[o] - k * (n / order);  // backward[i + n − L] = value[L − i]
          if (start < 0) start += n;
          const std::int64_t j = i + start == 0 ? n : i + start;
          image += ring.backward[j];
          own += ring.backward_noise[j];
          slope += static_cast<double>(ring.backward[j - 1]) - ring.backward[j + 1 < 2 * n ? j + 1 : j + 1 - n];
          slope_noise +=
              static_cast<double>(ring.backward_noise[j - 1]) + ring.backward_noise[j + 1 < 2 * n ? j + 1 : j + 1 - n];
        }
        const double left = share * image - score * value;
        mirror_linear[o] += counts * (left * left - share * share * own - score * score * noise);
        mirror_square[o] += 2 * pair * share * share * own;
        slope *= 0.5 * share;
        slope_noise *= 0.25 * share * share;
        slope_variance[o] += counts * (slope * slope - slope_noise) + 2 * pair * slope_noise;
      }
    }
  }
  const double scale = 1 / (scores_.power * scores_.power);
  // Where samples have no image, what is left has less power and so scatters more.
  const auto fewer = [&](double power) { return left_out_.empty() ? 1.0 : std::sqrt(scores_.power / power); };
  ScoreCovariance covariance{};
  for (std::size_t o = 0; o < rotations; ++o) {
    linear[o][o] = std::max(linear[o][o], 0.0);
    for (std::size_t p = 0; p <= o; ++p) {
      const double most = std::sqrt(linear[o][o] * linear[p][p]);
      const double common = scores_.rotation[o] * scores_.rotation[p] * self_square;
      covariance.rotation[o][p] = covariance.rotation[p][o] =
          scale * fewer(rotation_power_[o]) * fewer(rotation_power_[p]) *
          (std::clamp(linear[o][p], -most, most) + common + (o == p ? square[o] : 0));
    }
  }
  for (std::size_t o = 0; o < mirrors; ++o) {
    const double score = scores_.mirror[o].score;
    const double less = left_out_.empty() ? 1.0 : fewer(mirror_power_[static_cast<std::size_t>(line[o])]);
    covariance.mirror[o] =
        less * less * scale * (std::max(mirror_linear[o], 0.0) + score * score * self_square + mirror_square[o]);
    // Slope and curvature per index, which is 180°/n of the line's angle.
    const std::int64_t order = mirror_orders[o];
    const double curvature =
        mirror_at(order, line[o] + 1) - 2 * mirror_at(order, line[o]) + mirror_at(order, line[o] - 1);
    MirrorScore& mirror = scores_.mirror[o];
    mirror.angle_sigma = std::numeric_limits<double>::infinity();
    if (!(curvature < 0)) continue;
    const double slope = std::max(slope_variance[o], 0.0) * scale;
    mirror.angle_sigma = 180.0 / static_cast<double>(n) * std::sqrt(slope) / -curvature;
    // The top of a parabola with a noisy slope lies higher than the parabola where its top would be without noise.
    const double gain = std::min(0.5 * slope / -curvature, std::sqrt(covariance.mirror[o]));
    mirror.score -= gain;
    covariance.mirror[o] += 2 * gain * gain;
  }
  scores_.power_linear = std::max(power_linear, 0.0);
  scores_.power_square = self_square;
  return covariance;
}

}  // namespace ruska::ops::diffraction
