// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/image_sums.hpp"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "ruska/kernels/targets.hpp"

namespace ruska::kernels {
namespace {

std::vector<float> values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> result(count);
  for (float& value : result) value = uniform(random);
  return result;
}

TEST(ImageSums, SignalAndNoiseOnEveryTarget) {
  const std::vector<float> image = values(40 * 50, 1), kernel = values(40 * 40, 2);
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::int64_t columns : {0, 1, 7, 8, 9, 33, 40}) {
      double signal = 0, noise = 0;
      for (std::int64_t y = 0; y < 40; ++y) {
        for (std::int64_t x = 0; x < columns; ++x) {
          const double v = static_cast<double>(image[static_cast<std::size_t>(y * 50 + x + 3)]);
          const double k = static_cast<double>(kernel[static_cast<std::size_t>(y * 40 + x)]);
          signal += v * k;
          noise += std::abs(v) * k * k;
        }
      }
      const SignalAndNoise got = signal_and_noise({image.data() + 3, 50}, {kernel.data(), 40}, 40, columns);
      EXPECT_NEAR(got.signal, signal, 1e-4) << columns;
      EXPECT_NEAR(got.noise, noise, 1e-4 * noise) << columns;
    }
  });
}

TEST(ImageSums, ComplexProductsOnEveryTarget) {
  const std::vector<float> real = values(20 * 37, 3), imaginary = values(20 * 37, 4);
  const std::vector<float> other_real = values(37, 5), other_imaginary = values(37, 6);
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::int64_t columns : {1, 8, 19, 37}) {
      std::vector<std::complex<double>> got(20);
      multiply({real.data(), imaginary.data()}, {other_real.data(), other_imaginary.data()}, 20, columns, got.data());
      for (std::int64_t y = 0; y < 20; ++y) {
        std::complex<double> expected = 0;
        for (std::int64_t x = 0; x < columns; ++x) {
          const auto at = static_cast<std::size_t>(y * columns + x), along = static_cast<std::size_t>(x);
          expected +=
              std::complex<double>(static_cast<double>(real[at]), static_cast<double>(imaginary[at])) *
              std::complex<double>(static_cast<double>(other_real[along]), static_cast<double>(other_imaginary[along]));
        }
        EXPECT_LT(std::abs(got[static_cast<std::size_t>(y)] - expected), 1e-5) << columns;
      }
    }
  });
}

}  // namespace
}  // namespace ruska::kernels
