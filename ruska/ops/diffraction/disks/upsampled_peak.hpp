// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "ruska/ops/diffraction/disks/neighbourhood.hpp"

namespace ruska::ops::diffraction {

/// Peaks of a real image between its pixels: its Fourier transform gives it exactly at any place, which is climbed in
/// steps of 1/16 px, and a parabola through the highest of these leaves no floor of 1/16 px
/// (M. Guizar-Sicairos, S. T. Thurman, J. R. Fienup, Opt. Lett. 33, 156 (2008)). One per worker.
class UpsampledPeak {
 public:
  UpsampledPeak(std::int64_t height, std::int64_t width);

  /// The image's half spectrum, `height` × (`width` / 2 + 1).
  void set(const std::complex<float>* spectrum);
  /// The peak that is reached from a place.
  Place climb(Place start);

  static std::int64_t bytes_held(std::int64_t height, std::int64_t width);

 private:
  /// The image along the column at x, transformed along y.
  void column_at(double x, std::int64_t column);

  std::int64_t height_, width_, half_;
  std::vector<float> real_, imaginary_;                // of the spectrum, apart so that sums over them fill vectors
  std::vector<float> wave_real_, wave_imaginary_;      // along x
  std::vector<std::complex<double>> columns_, waves_;  // three of each
};

}  // namespace ruska::ops::diffraction
