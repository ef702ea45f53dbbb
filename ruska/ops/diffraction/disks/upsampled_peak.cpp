// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/disks/upsampled_peak.hpp"

#include <cmath>
#include <numbers>

#include "ruska/kernels/image_sums.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double steps_per_pixel = 16;
constexpr int most_steps = 24;

/// exp(2πi k · at / length) for k = 0, 1, …; `use(k, value)` for each.
template <class Use>
void for_each_wave(std::int64_t number, double at, std::int64_t length, const Use& use) {
  const std::complex<double> step = std::polar(1.0, 2 * std::numbers::pi * at / static_cast<double>(length));
  std::complex<double> value = 1;
  for (std::int64_t k = 0; k < number; ++k) {
    use(k, value);
    value = {value.real() * step.real() - value.imag() * step.imag(),
             value.real() * step.imag() + value.imag() * step.real()};
  }
}

}  // namespace

UpsampledPeak::UpsampledPeak(std::int64_t height, std::int64_t width)
    : height_(height),
      width_(width),
      half_(width / 2 + 1),
      real_(static_cast<std::size_t>(height * half_)),
      imaginary_(real_.size()),
      wave_real_(static_cast<std::size_t>(half_)),
      wave_imaginary_(wave_real_.size()),
      columns_(static_cast<std::size_t>(3 * height)),
      waves_(columns_.size()) {}

std::int64_t UpsampledPeak::bytes_held(std::int64_t height, std::int64_t width) {
  return (height + 1) * (width / 2 + 1) * 8 + height * 96;
}

void UpsampledPeak::set(const std::complex<float>* spectrum) {
  for (std::size_t i = 0; i < real_.size(); ++i) {
    real_[i] = spectrum[i].real();
    imaginary_[i] = spectrum[i].imag();
  }
}

void UpsampledPeak::column_at(double x, std::int64_t column) {
  for_each_wave(half_, x, width_, [&](std::int64_t k, std::complex<double> wave) {
    // Of a real image the half spectrum stands for both halves.
    const double weight = k == 0 || 2 * k == width_ ? 1 : 2;
    wave_real_[static_cast<std::size_t>(k)] = static_cast<float>(weight * wave.real());
    wave_imaginary_[static_cast<std::size_t>(k)] = static_cast<float>(weight * wave.imag());
  });
  kernels::multiply({real_.data(), imaginary_.data()}, {wave_real_.data(), wave_imaginary_.data()}, height_, half_,
                    columns_.data() + column * height_);
}

Place UpsampledPeak::climb(Place start) {
  auto y = std::lround(start.y * steps_per_pixel), x = std::lround(start.x * steps_per_pixel);
  Neighbourhood around;
  bool new_columns = true;
  for (int round = 0; round < most_steps; ++round) {
    for (int i = 0; i < 3; ++i) {
      if (new_columns) column_at(static_cast<double>(x + i - 1) / steps_per_pixel, i);
      std::complex<double>* const wave = waves_.data() + i * height_;
      for_each_wave(height_ / 2 + 1, static_cast<double>(y + i - 1) / steps_per_pixel, height_,
                    [&](std::int64_t k, std::complex<double> value) {
                      if (2 * k < height_) wave[k] = value;
                      if (k > 0) wave[height_ - k] = std::conj(value);
                    });
    }
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        const std::complex<double>* const wave = waves_.data() + i * height_;
        const std::complex<double>* const column = columns_.data() + j * height_;
        double sum = 0;
        for (std::int64_t k = 0; k < height_; ++k) {
          sum += column[k].real() * wave[k].real() - column[k].imag() * wave[k].imag();
        }
        around.value[i][j] = sum;
      }
    }
    const Neighbourhood::Step step = around.uphill();
    if (step.none()) break;
    y += step.y;
    x += step.x;
    new_columns = step.x != 0;
  }
  const Place summit = around.summit();
  return {(static_cast<double>(y) + summit.y) / steps_per_pixel, (static_cast<double>(x) + summit.x) / steps_per_pixel};
}

}  // namespace ruska::ops::diffraction
