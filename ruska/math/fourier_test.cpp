// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/fourier.hpp"

#include <cmath>
#include <numbers>
#include <thread>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"

namespace ruska {
namespace {

std::complex<double> direct(const FourierBuffer<std::complex<double>>& in, std::int64_t height, std::int64_t width,
                            std::int64_t ky, std::int64_t kx) {
  std::complex<double> sum = 0;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const double turns = static_cast<double>(ky * y) / static_cast<double>(height) +
                           static_cast<double>(kx * x) / static_cast<double>(width);
      sum += in[y * width + x] * std::polar(1.0, -2 * std::numbers::pi * turns);
    }
  }
  return sum;
}

template <class T>
void fill(FourierBuffer<T>& buffer) {
  for (std::int64_t i = 0; i < buffer.size(); ++i) {
    Random random(3, "fourier", static_cast<std::uint64_t>(i));
    if constexpr (std::is_floating_point_v<T>) {
      buffer[i] = static_cast<T>(random.uniform());
    } else {
      buffer[i] = {static_cast<typename T::value_type>(random.uniform()),
                   static_cast<typename T::value_type>(random.uniform())};
    }
  }
}

TEST(Fourier, ComplexTransformIsTheSumOfItsDefinition) {
  const ComplexFourier<double> fourier({6, 5});
  FourierBuffer<std::complex<double>> in(30), out(30), back(30);
  fill(in);
  fourier.run(Direction::forward, in, out);
  for (std::int64_t ky = 0; ky < 6; ++ky) {
    for (std::int64_t kx = 0; kx < 5; ++kx) {
      EXPECT_LT(std::abs(out[ky * 5 + kx] - direct(in, 6, 5, ky, kx)), 1e-13);
    }
  }
  fourier.run(Direction::backward, out, back);
  for (std::int64_t i = 0; i < 30; ++i) EXPECT_LT(std::abs(back[i] / 30.0 - in[i]), 1e-15);
  FourierBuffer<std::complex<double>> place(30);
  fill(place);
  fourier.run(Direction::forward, place, place);
  for (std::int64_t i = 0; i < 30; ++i) EXPECT_LT(std::abs(place[i] - out[i]), 1e-13);
}

TEST(Fourier, HalfOfARealTransformEqualsTheComplexOne) {
  for (const std::int64_t width : {8, 7}) {
    const RealFourier<double> half({4, width});
    const ComplexFourier<double> whole({4, width});
    FourierBuffer<double> in(half.size()), back(half.size());
    fill(in);
    FourierBuffer<std::complex<double>> spectrum(half.half_size()), complex(whole.size()), all(whole.size());
    for (std::int64_t i = 0; i < in.size(); ++i) complex[i] = in[i];
    half.forward(in, spectrum);
    whole.run(Direction::forward, complex, all);
    const std::int64_t columns = width / 2 + 1;
    for (std::int64_t y = 0; y < 4; ++y) {
      for (std::int64_t x = 0; x < columns; ++x) {
        EXPECT_LT(std::abs(spectrum[y * columns + x] - all[y * width + x]), 1e-14);
      }
    }
    half.backward(spectrum, back);
    for (std::int64_t i = 0; i < in.size(); ++i) EXPECT_NEAR(back[i] / static_cast<double>(half.size()), in[i], 1e-15);
  }
}

TEST(Fourier, OnePlanRunsInSeveralThreadsWithTheSameBits) {
  const RealFourier<float> fourier({64, 48});
  FourierBuffer<float> in(fourier.size());
  fill(in);
  FourierBuffer<std::complex<float>> expected(fourier.half_size());
  fourier.forward(in, expected);
  std::vector<FourierBuffer<std::complex<float>>> results;
  for (int t = 0; t < 4; ++t) results.emplace_back(fourier.half_size());
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) threads.emplace_back([&] { fourier.forward(in, result); });
  }
  for (const auto& result : results) {
    for (std::int64_t i = 0; i < expected.size(); ++i) ASSERT_EQ(result[i], expected[i]);
  }
}

TEST(Fourier, RefusesShapesAndBuffersThatDoNotFit) {
  EXPECT_THROW(ComplexFourier<float>({}), Error);
  EXPECT_THROW(ComplexFourier<float>({4, 0}), Error);
  EXPECT_THROW(RealFourier<float>({2, 2, 2, 2}), Error);
  const RealFourier<double> fourier({4, 4});
  FourierBuffer<double> in(16);
  FourierBuffer<std::complex<double>> small(11);
  EXPECT_THROW(fourier.forward(in, small), Error);
}

TEST(Fourier, LengthsAndFrequencies) {
  EXPECT_EQ(fast_fourier_length(1), 1);
  EXPECT_EQ(fast_fourier_length(11), 12);
  EXPECT_EQ(fast_fourier_length(121), 125);
  EXPECT_EQ(fast_fourier_length(256), 256);
  EXPECT_DOUBLE_EQ(fourier_frequency(2, 4), -0.5);
  EXPECT_DOUBLE_EQ(fourier_frequency(2, 5), 0.4);
  EXPECT_DOUBLE_EQ(fourier_frequency(3, 5), -0.4);
}

}  // namespace
}  // namespace ruska
