// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstdint>

namespace ruska::kernels {

/// Part of an image: lines `stride` values apart.
struct Patch {
  const float* values = nullptr;
  std::int64_t stride = 0;
};

/// Σ v k and Σ |v| k².
struct SignalAndNoise {
  double signal = 0, noise = 0;
};

/// Over `rows` lines of `columns` values; summed in float32 along a fixed order.
SignalAndNoise signal_and_noise(Patch values, Patch weights, std::int64_t rows, std::int64_t columns);

/// Complex numbers, real and imaginary parts apart.
struct SplitComplex {
  const float* real = nullptr;
  const float* imaginary = nullptr;
};

/// sums[r] = Σ_c matrix[r, c] · vector[c]; summed in float32 along a fixed order.
void multiply(SplitComplex matrix, SplitComplex vector, std::int64_t rows, std::int64_t columns,
              std::complex<double>* sums);

}  // namespace ruska::kernels
