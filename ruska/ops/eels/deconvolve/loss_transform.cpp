// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/deconvolve/loss_transform.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ruska::ops::eels {

namespace {

constexpr std::int64_t end_channels = 5;  // whose mean runs out to zero

}  // namespace

LossTransform::LossTransform(std::int64_t channels, std::int64_t others)
    : tail_(std::max(channels, others) / 4 + 1), fourier_({fast_fourier_length(channels + others + 2 * tail_)}) {}

double LossTransform::gaussian(std::int64_t element, double sigma) const {
  const double angle = 2.0 * std::numbers::pi * static_cast<double>(element) / static_cast<double>(size());
  return std::exp(-0.5 * angle * angle * sigma * sigma);
}

std::complex<double> LossTransform::moved(std::int64_t element, double channels) const {
  const double angle = -2.0 * std::numbers::pi * static_cast<double>(element) / static_cast<double>(size());
  return std::polar(1.0, angle * channels);
}

void LossTransform::forward(std::span<const double> spectrum, double origin, bool run_out, LossValues& scratch,
                            LossHalf& out) const {
  const auto whole = static_cast<std::int64_t>(std::llround(origin));
  const auto length = static_cast<std::int64_t>(spectrum.size());
  std::fill(scratch.values().begin(), scratch.values().end(), 0.0);
  for (std::int64_t c = 0; c < length; ++c) scratch[place(c - whole)] = spectrum[static_cast<std::size_t>(c)];
  if (run_out) {
    const std::int64_t ends = std::min(end_channels, length);
    double first = 0, last = 0;
    for (std::int64_t c = 0; c < ends; ++c) {
      first += spectrum[static_cast<std::size_t>(c)] / static_cast<double>(ends);
      last += spectrum[static_cast<std::size_t>(length - 1 - c)] / static_cast<double>(ends);
    }
    for (std::int64_t j = 1; j <= tail_; ++j) {
      const double bell =
          0.5 * (1.0 + std::cos(std::numbers::pi * static_cast<double>(j) / static_cast<double>(tail_ + 1)));
      scratch[place(length - 1 + j - whole)] += last * bell;
      scratch[place(-j - whole)] += first * bell;
    }
  }
  fourier_.forward(scratch, out);
  const double rest = origin - static_cast<double>(whole);
  if (rest == 0) return;
  for (std::int64_t k = 0; k < out.size(); ++k) out[k] *= moved(k, -rest);
}

void LossTransform::backward(LossHalf& in, LossValues& out) const {
  fourier_.backward(in, out);
  const double norm = 1.0 / static_cast<double>(size());
  for (double& value : out.values()) value *= norm;
}

}  // namespace ruska::ops::eels
