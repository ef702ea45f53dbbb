// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/image_sums.hpp"

#include <cmath>

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/image_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, 8>;  // lines of patches are short

template <class V>
double total(V sums, float rest) {
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(Tag(), sums))) + static_cast<double>(rest);
}

SignalAndNoise SignalNoise(Patch values, Patch weights, std::int64_t rows, std::int64_t columns) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto signal = hn::Zero(d), noise = hn::Zero(d);
  float rest_signal = 0, rest_noise = 0;
  for (std::int64_t y = 0; y < rows; ++y) {
    const float *const v = values.values + y * values.stride, *const w = weights.values + y * weights.stride;
    std::int64_t x = 0;
    for (; x + lanes <= columns; x += lanes) {
      const auto weight = hn::LoadU(d, w + x), weighted = hn::Mul(hn::LoadU(d, v + x), weight);
      signal = hn::Add(signal, weighted);
      noise = hn::MulAdd(hn::Abs(weighted), hn::Abs(weight), noise);
    }
    for (; x < columns; ++x) {
      rest_signal += v[x] * w[x];
      rest_noise += std::abs(v[x]) * w[x] * w[x];
    }
  }
  return {total(signal, rest_signal), total(noise, rest_noise)};
}

void Multiply(SplitComplex matrix, SplitComplex vector, std::int64_t rows, std::int64_t columns,
              std::complex<double>* sums) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t y = 0; y < rows; ++y) {
    const float *const a = matrix.real + y * columns, *const b = matrix.imaginary + y * columns;
    auto real = hn::Zero(d), imaginary = hn::Zero(d);
    float rest_real = 0, rest_imaginary = 0;
    std::int64_t x = 0;
    for (; x + lanes <= columns; x += lanes) {
      const auto re = hn::LoadU(d, a + x), im = hn::LoadU(d, b + x);
      const auto other_re = hn::LoadU(d, vector.real + x), other_im = hn::LoadU(d, vector.imaginary + x);
      real = hn::NegMulAdd(im, other_im, hn::MulAdd(re, other_re, real));
      imaginary = hn::MulAdd(im, other_re, hn::MulAdd(re, other_im, imaginary));
    }
    for (; x < columns; ++x) {
      rest_real += a[x] * vector.real[x] - b[x] * vector.imaginary[x];
      rest_imaginary += a[x] * vector.imaginary[x] + b[x] * vector.real[x];
    }
    sums[y] = {total(real, rest_real), total(imaginary, rest_imaginary)};
  }
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(SignalNoise);
HWY_EXPORT(Multiply);

SignalAndNoise signal_and_noise(Patch values, Patch weights, std::int64_t rows, std::int64_t columns) {
  return HWY_DYNAMIC_DISPATCH(SignalNoise)(values, weights, rows, columns);
}

void multiply(SplitComplex matrix, SplitComplex vector, std::int64_t rows, std::int64_t columns,
              std::complex<double>* sums) {
  HWY_DYNAMIC_DISPATCH(Multiply)(matrix, vector, rows, columns, sums);
}

}  // namespace ruska::kernels
#endif
