// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/frame_sums.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"
#include "ruska/kernels/targets.hpp"

namespace ruska::kernels {
namespace {

template <class T>
struct Sums {
  std::vector<FrameSum<T>> sums;
  std::vector<PixelSum<T>> sum;
  std::vector<T> maximum;
  std::vector<PixelSquares<T>> squares;

  Sums(std::int64_t frames, const FrameMasks& masks)
      : sums(static_cast<std::size_t>(frames * masks.sums())),
        sum(static_cast<std::size_t>(masks.height() * masks.width())),
        maximum(sum.size(), std::numeric_limits<T>::lowest()),
        squares(sum.size()) {}
  Patterns<T> patterns() { return {sum.data(), maximum.data(), squares.data()}; }
  bool operator==(const Sums& other) const {
    for (std::size_t p = 0; p < squares.size(); ++p) {
      // Squares of 32-bit integers do not fit float64, and may be rounded once or twice.
      const auto a = static_cast<double>(squares[p]), b = static_cast<double>(other.squares[p]);
      if (std::is_integral_v<T> && sizeof(T) > 2 ? std::abs(a - b) > 1e-15 * a : squares[p] != other.squares[p]) {
        return false;
      }
    }
    return sums == other.sums && sum == other.sum && maximum == other.maximum;
  }
};

template <class T>
class FrameSums : public testing::Test {
 protected:
  /// Values over the type's whole range; whole numbers for floats, whose sums are then exact.
  std::vector<T> values(std::int64_t count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) {
      if constexpr (std::is_floating_point_v<T>) {
        value = static_cast<T>(static_cast<std::int32_t>(random_()) >> 12);
      } else if constexpr (sizeof(T) == 8) {  // their sums must fit 63 bits
        value = static_cast<T>(random_());
      } else {
        value = static_cast<T>(random_());
        if (random_() % 8 == 0) value = std::numeric_limits<T>::max();
        if (random_() % 8 == 0) value = std::numeric_limits<T>::lowest();
      }
    }
    return values;
  }
  std::vector<std::uint8_t> mask(std::int64_t pixels, unsigned one_in) {
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(pixels));
    for (std::uint8_t& one : mask) one = random_() % one_in == 0 ? 1 : 0;
    return mask;
  }
  std::mt19937 random_{5};
};

using Types = testing::Types<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t,
                             std::uint64_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(FrameSums, Types);

TYPED_TEST(FrameSums, AreExactOnEveryTargetForAnyShapeAndCut) {
  using T = TypeParam;
  const std::int64_t shapes[][2] = {{1, 1}, {5, 7}, {3, 8}, {9, 31}, {24, 33}, {6, 100}, {3, 515}, {40, 64}, {2, 1100}};
  for (const auto& [height, width] : shapes) {
    for (const bool leaves_out : {false, true}) {
      const std::int64_t pixels = height * width, frames = 19;
      std::vector<std::vector<std::uint8_t>> detectors{this->mask(pixels, 2), this->mask(pixels, 50),
                                                       std::vector<std::uint8_t>(static_cast<std::size_t>(pixels)),
                                                       std::vector<std::uint8_t>(static_cast<std::size_t>(pixels), 1)};
      const FrameMasks masks(height, width, leaves_out ? this->mask(pixels, 4) : std::vector<std::uint8_t>{},
                             detectors);
      const std::vector<T> values = this->values(pixels * frames);
      Sums<T> expected(frames, masks);
      reference::add_frames<T>({values.data(), pixels, frames, 0, height}, masks, expected.sums.data(),
                               expected.patterns());
      for_each_target([&](const char* target) {
        SCOPED_TRACE(std::string(target) + " " + std::to_string(height) + " x " + std::to_string(width));
        Sums<T> whole(frames, masks), cut(frames, masks);
        add_frames<T>({values.data(), pixels, frames, 0, height}, masks, whole.sums.data(), whole.patterns());
        EXPECT_EQ(whole, expected);
        for (std::int64_t row = 0; row < height; row += 4) {
          for (std::int64_t f = 0; f < frames; f += 7) {
            add_frames<T>({values.data() + f * pixels + row * width, pixels, std::min<std::int64_t>(7, frames - f), row,
                           std::min<std::int64_t>(4, height - row)},
                          masks, cut.sums.data() + f * masks.sums(), cut.patterns());
          }
        }
        EXPECT_EQ(cut, expected);
      });
    }
  }
}

TYPED_TEST(FrameSums, ExtremesOfALargeFrameAreExact) {
  using T = TypeParam;
  if constexpr (sizeof(T) <= 4) {
    const std::int64_t height = 512, width = 2048, pixels = height * width;
    const std::vector<std::vector<std::uint8_t>> detectors{
        std::vector<std::uint8_t>(static_cast<std::size_t>(pixels), 1)};
    const FrameMasks masks(height, width, {}, detectors);
    for (const T value : {std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max()}) {
      if constexpr (std::is_floating_point_v<T>) continue;
      const std::vector<T> values(static_cast<std::size_t>(pixels), value);
      Sums<T> expected(1, masks);
      reference::add_frames<T>({values.data(), pixels, 1, 0, height}, masks, expected.sums.data(), expected.patterns());
      for_each_target([&](const char* target) {
        Sums<T> got(1, masks);
        add_frames<T>({values.data(), pixels, 1, 0, height}, masks, got.sums.data(), got.patterns());
        EXPECT_EQ(got.sums, expected.sums) << target;
        EXPECT_EQ(got.maximum, expected.maximum) << target;
      });
    }
  }
}

TEST(FrameSumsOfIntegers, SumsThatLeave63BitsAreRefused) {
  const FrameMasks masks(1, 4, {}, {});
  const std::vector<std::uint64_t> values{1, std::uint64_t{1} << 63, 0, 0};
  Sums<std::uint64_t> sums(1, masks);
  EXPECT_THROW(add_frames<std::uint64_t>({values.data(), 4, 1, 0, 1}, masks, sums.sums.data(), {}), Error);
  const std::vector<std::int64_t> large(4, INT64_MAX / 3);
  Sums<std::int64_t> signed_sums(1, masks);
  EXPECT_THROW(add_frames<std::int64_t>({large.data(), 4, 1, 0, 1}, masks, signed_sums.sums.data(), {}), Error);
}

TEST(FrameSumsOfIntegers, MasksOfAnotherSizeAreRefused) {
  const std::vector<std::uint8_t> five(5);
  EXPECT_THROW(FrameMasks(2, 2, five, {}), Error);
  const std::vector<std::vector<std::uint8_t>> detectors{five};
  EXPECT_THROW(FrameMasks(2, 2, {}, detectors), Error);
}

}  // namespace
}  // namespace ruska::kernels
