// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/tomo/reconstruct/slice_solver.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

namespace ruska::ops::tomo {
namespace {

constexpr float dual_step =
    0.125f;  // the largest for which Chambolle's iteration is sure to converge in two dimensions

/// Half the way to the neighbouring angles on either side, the circle closing after π.
std::vector<float> weights_of(const std::vector<double>& angles) {
  const std::size_t number = angles.size();
  std::vector<std::size_t> order(number);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return angles[a] < angles[b]; });
  const double range = number > 1 ? angles[order.back()] - angles[order.front()] : 0;
  const double mean_step = number > 1 ? range / static_cast<double>(number - 1) : std::numbers::pi;
  std::vector<float> weights(number);
  for (std::size_t i = 0; i < number; ++i) {
    // The ends of a limited range weigh as if it went on by one mean step.
    const double before = i > 0 ? angles[order[i]] - angles[order[i - 1]] : mean_step;
    const double after = i + 1 < number ? angles[order[i + 1]] - angles[order[i]] : mean_step;
    weights[order[i]] = static_cast<float>((before + after) / 2);
  }
  return weights;
}

/// The band-limited ramp in real space: 1/4 at 0, −1/(π n)² at odd n, 0 elsewhere (Kak and Slaney, eq. 3.61); a Hann
/// window mixes neighbours with 1/4, 1/2, 1/4.
std::vector<float> kernel_of(std::int64_t width, const std::string& window) {
  const auto ramp = [](std::int64_t n) {
    if (n == 0) return 0.25;
    return n % 2 == 0 ? 0.0 : -1 / (std::numbers::pi * std::numbers::pi * static_cast<double>(n * n));
  };
  std::vector<float> kernel;
  for (std::int64_t n = -(width - 1); n < width; ++n) {
    kernel.push_back(static_cast<float>(window == "hann" ? ramp(n) / 2 + (ramp(n - 1) + ramp(n + 1)) / 4 : ramp(n)));
  }
  return kernel;
}

}  // namespace

FilteredBackProjection::FilteredBackProjection(const SliceProjector& projector, const std::vector<double>& angles,
                                               const std::string& window)
    : projector_(projector), kernel_(kernel_of(projector.width(), window)), angle_weights_(weights_of(angles)) {}

void FilteredBackProjection::filter(std::span<const float> projections, std::span<float> filtered, bool squares) const {
  const std::int64_t width = projector_.width();
  std::fill(filtered.begin(), filtered.end(), 0.0f);
  for (std::int64_t a = 0; a < projector_.angles(); ++a) {
    const float angle_weight = angle_weights_[static_cast<std::size_t>(a)];
    for (std::int64_t to = 0; to < width; ++to) {
      float* const out = filtered.data() + (a * width + to) * lanes;
      for (std::int64_t from = 0; from < width; ++from) {
        const float weight = angle_weight * kernel_[static_cast<std::size_t>(to - from + width - 1)];
        if (weight == 0) continue;
        const float* const in = projections.data() + (a * width + from) * lanes;
        for (std::int64_t s = 0; s < lanes; ++s) {
          out[s] += squares ? weight * weight * in[s] * in[s] : weight * in[s];
        }
      }
    }
  }
}

void FilteredBackProjection::solve(std::span<const float> projections, std::span<float> slices) const {
  std::vector<float> filtered(projections.size());
  filter(projections, filtered, false);
  projector_.back(filtered, slices);
}

void FilteredBackProjection::solve_sigma(std::span<const float> projections_sigma,
                                         std::span<float> slices_sigma) const {
  // Neighbouring bins of a filtered projection are correlated; their sharing among bins by back-projection is
  // taken as if they were fully so, which overstates the deviation by a few per cent.
  std::vector<float> variance(projections_sigma.size());
  filter(projections_sigma, variance, true);
  projector_.back(variance, slices_sigma);
  for (float& value : slices_sigma) value = std::sqrt(std::max(0.0f, value));
}

Sirt::Sirt(const SliceProjector& projector, SirtOptions options) : projector_(projector), options_(options) {
  const auto inverse = [](float value) { return value > 1e-6f ? 1 / value : 0.0f; };
  std::vector<float> ones(static_cast<std::size_t>(projector.voxels() * lanes), 1.0f);
  std::vector<float> sums(static_cast<std::size_t>(projector.bins() * lanes));
  projector.forward(ones, sums);
  for (std::int64_t i = 0; i < projector.bins(); ++i) {
    row_scale_.push_back(inverse(sums[static_cast<std::size_t>(i * lanes)]));
  }
  std::fill(sums.begin(), sums.end(), 1.0f);
  projector.back(sums, ones);
  for (std::int64_t i = 0; i < projector.voxels(); ++i) {
    column_scale_.push_back(inverse(ones[static_cast<std::size_t>(i * lanes)]));
  }
}

Sirt::Fit Sirt::solve(std::span<const float> projections, std::span<float> slices,
                      const std::function<void()>& after_iteration) const {
  std::vector<float> difference(projections.size()), step(slices.size());
  std::vector<float> variation_weight(static_cast<std::size_t>(lanes), 0.0f);
  std::fill(slices.begin(), slices.end(), 0.0f);
  const auto subtract = [&] {
    projector_.forward(slices, difference);
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] = projections[i] - difference[i];
  };
  for (std::int64_t iteration = 0; iteration < options_.iterations; ++iteration) {
    subtract();
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] *= row_scale_[i / lanes];
    projector_.back(difference, step);
    for (std::size_t i = 0; i < step.size(); ++i) {
      slices[i] += column_scale_[i / lanes] * step[i];
      if (options_.non_negative) slices[i] = std::max(0.0f, slices[i]);
    }
    if (options_.total_variation > 0) {
      if (iteration == 0) {
        for (std::size_t i = 0; i < slices.size(); ++i) {
          float& weight = variation_weight[i % lanes];
          weight = std::max(weight, static_cast<float>(options_.total_variation) * std::abs(slices[i]));
        }
      }
      lower_variation(slices, variation_weight);
    }
    after_iteration();
  }
  subtract();
  Fit fit{std::vector<double>(lanes), std::vector<double>(lanes)};
  for (std::size_t i = 0; i < difference.size(); ++i) {
    fit.residual[i % lanes] += static_cast<double>(difference[i]) * static_cast<double>(difference[i]);
    fit.data[i % lanes] += static_cast<double>(projections[i]) * static_cast<double>(projections[i]);
  }
  return fit;
}

void Sirt::lower_variation(std::span<float> slices, std::span<const float> weight) const {
  // u = f − w div p with p ← (p + τ ∇(div p − f/w)) / (1 + τ |∇(div p − f/w)|).
  std::vector<float> along_x(slices.size(), 0.0f), along_z(slices.size(), 0.0f), scratch(slices.size());
  std::array<float, static_cast<std::size_t>(lanes)> inverse{};
  for (std::size_t s = 0; s < inverse.size(); ++s) inverse[s] = weight[s] > 0 ? 1 / weight[s] : 0.0f;
  for (std::int64_t step = 0; step < options_.total_variation_steps; ++step) {
    kernels::lower_variation_step(projector_.width(), slices.data(), inverse.data(), dual_step, along_x.data(),
                                  along_z.data(), scratch.data());
  }
  kernels::subtract_divergence(projector_.width(), along_x.data(), along_z.data(), weight.data(), slices.data());
}

}  // namespace ruska::ops::tomo
