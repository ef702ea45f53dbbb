// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "ruska/math/fourier.hpp"

namespace ruska::ops::eels {

using LossValues = FourierBuffer<double>;
using LossHalf = FourierBuffer<std::complex<double>>;

/// Fourier transforms of spectra on a circle of channels, long enough that what is scattered past the end of the axis
/// does not come round to its start.
class LossTransform {
 public:
  /// For spectra of `channels` that are convolved with others of `others` channels.
  LossTransform(std::int64_t channels, std::int64_t others);

  std::int64_t size() const { return fourier_.size(); }
  std::int64_t half_size() const { return fourier_.half_size(); }
  LossValues values() const { return LossValues(size()); }
  LossHalf half() const { return LossHalf(half_size()); }

  /// The place of a channel counted from any origin, on the circle.
  std::int64_t place(std::int64_t channel) const { return (channel % size() + size()) % size(); }

  /// The transform of a spectrum whose fractional channel `origin` becomes 0. `run_out`: beyond both ends the mean of
  /// the last channels runs out to zero as a cosine, so that they are no steps.
  void forward(std::span<const double> spectrum, double origin, bool run_out, LossValues& scratch, LossHalf& out) const;
  /// `in` is destroyed.
  void backward(LossHalf& in, LossValues& out) const;

  /// Transform of a Gaussian of area one about 0 at an element of `half`; `sigma` in channels.
  double gaussian(std::int64_t element, double sigma) const;
  /// What moves a spectrum up by `channels`.
  std::complex<double> moved(std::int64_t element, double channels) const;

 private:
  std::int64_t tail_;
  RealFourier<double> fourier_;
};

}  // namespace ruska::ops::eels
