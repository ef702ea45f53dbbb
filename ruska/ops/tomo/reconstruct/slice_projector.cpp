// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/tomo/reconstruct/slice_projector.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::ops::tomo {
namespace {

/// Share of a unit square, turned so that its sides cast shadows of `a` and `b`, that falls below t from its centre:
/// the square's shadow is a trapezoid, one box convolved with another.
double below(double t, double a, double b) {
  const double wide = std::max(a, b), narrow = std::min(a, b);
  if (narrow < 1e-6) return std::clamp(t / wide + 0.5, 0.0, 1.0);
  const auto square = [](double x) { return x > 0 ? x * x / 2 : 0; };
  const double outer = (wide + narrow) / 2, inner = (wide - narrow) / 2;
  return (square(t + outer) - square(t + inner) - square(t - inner) + square(t - outer)) / (wide * narrow);
}

/// Shares of a voxel in the three bins about the nearest, for each place of its centre within that one.
std::vector<float> footprint_of(double cosine, double sine) {
  std::vector<float> shares;
  for (std::int64_t step = 0; step < kernels::footprint_steps; ++step) {
    const double place = (static_cast<double>(step) + 0.5) / static_cast<double>(kernels::footprint_steps) - 0.5;
    const auto up_to = [&](double edge) { return below(edge - place, std::abs(cosine), std::abs(sine)); };
    const double first = up_to(-0.5), last = 1 - up_to(0.5);
    for (const double share : {first, 1 - first - last, last}) shares.push_back(static_cast<float>(share));
  }
  return shares;
}

std::int64_t in_steps(double bins) { return std::llround(std::ldexp(bins, 32)); }

}  // namespace

SliceProjector::SliceProjector(std::int64_t width, const std::vector<double>& angles, double axis) : width_(width) {
  const double middle = static_cast<double>(width - 1) / 2;
  footprints_.reserve(angles.size());
  for (const double angle : angles) {
    const double cosine = std::cos(angle), sine = std::sin(angle);
    footprints_.push_back(footprint_of(cosine, sine));
    views_.push_back({.width = width,
                      .first = in_steps(axis - axis * cosine - middle * sine),
                      .along_x = in_steps(cosine),
                      .along_z = in_steps(sine),
                      .footprint = footprints_.back().data()});
  }
}

void SliceProjector::forward(std::span<const float> slices, std::span<float> projections) const {
  std::vector<float> bins = line();
  for (std::int64_t angle = 0; angle < angles(); ++angle) {
    std::fill(bins.begin(), bins.end(), 0.0f);
    kernels::project(views_[static_cast<std::size_t>(angle)], slices.data(), bins.data());
    std::copy_n(bins.data() + margin, width_ * lanes, projections.data() + angle * width_ * lanes);
  }
}

void SliceProjector::back(std::span<const float> projections, std::span<float> slices) const {
  std::fill(slices.begin(), slices.end(), 0.0f);
  std::vector<float> bins = line();
  for (std::int64_t angle = 0; angle < angles(); ++angle) {
    std::copy_n(projections.data() + angle * width_ * lanes, width_ * lanes, bins.data() + margin);
    kernels::back_project(views_[static_cast<std::size_t>(angle)], bins.data(), slices.data());
  }
}

}  // namespace ruska::ops::tomo
