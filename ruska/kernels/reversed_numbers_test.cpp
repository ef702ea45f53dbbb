// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/reversed_numbers.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "ruska/kernels/targets.hpp"

namespace ruska::kernels {
namespace {

TEST(ReversedNumbers, AreReversedOneByOneOnEveryTarget) {
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::size_t width : {1u, 2u, 4u, 8u, 16u}) {
      for (const std::size_t bytes : {0u, 1u, 7u, 16u, 31u, 64u, 100u, 1003u}) {
        SCOPED_TRACE(std::to_string(bytes) + " bytes, numbers of " + std::to_string(width));
        std::vector<std::uint8_t> in(bytes), out(bytes);
        std::iota(in.begin(), in.end(), std::uint8_t{0});
        std::vector<std::uint8_t> expected = in;
        for (std::size_t i = 0; i + width <= bytes; i += width) {
          std::reverse(expected.begin() + static_cast<std::ptrdiff_t>(i),
                       expected.begin() + static_cast<std::ptrdiff_t>(i + width));
        }
        reverse_numbers(in.data(), bytes, width, out.data());
        EXPECT_EQ(out, expected);
        reverse_numbers(in.data(), bytes, width, in.data());
        EXPECT_EQ(in, expected);
      }
    }
  });
}

TEST(ReversedNumbers, OfRowsArePutWhereTheStepsSay) {
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::size_t bytes : {2u, 36u, 256u, 700u}) {
      SCOPED_TRACE(std::to_string(bytes) + " bytes");
      constexpr std::size_t rows = 3;
      const std::size_t in_step = bytes + 5, out_step = bytes + 2;
      std::vector<std::uint8_t> in(rows * in_step);
      std::iota(in.begin(), in.end(), std::uint8_t{0});
      std::vector<std::uint8_t> expected(rows * out_step, 255), out = expected;
      for (std::size_t r = 0; r < rows; ++r) {
        reference::reverse_numbers(in.data() + r * in_step, 0, bytes, 2, expected.data() + (rows - 1 - r) * out_step);
      }
      reverse_numbers_of_rows(in.data(), static_cast<std::ptrdiff_t>(in_step), rows, bytes, 2,
                              out.data() + (rows - 1) * out_step, -static_cast<std::ptrdiff_t>(out_step));
      EXPECT_EQ(out, expected);
    }
  });
}

}  // namespace
}  // namespace ruska::kernels
