// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/bit_planes.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "ruska/kernels/targets.hpp"

namespace ruska::kernels {
namespace {

std::vector<std::uint8_t> random_bytes(std::size_t count) {
  std::mt19937 random(3);
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(BitPlanes, BitsOfOneByteAreSpreadOverItsRows) {
  std::vector<std::uint8_t> rows(8, 0), out(8);
  rows[0] = 0b00000010;  // bit 0 of byte 1
  rows[7] = 0b00000010;  // bit 7 of byte 1
  rows[3] = 0b10000000;  // bit 3 of byte 7
  merge_bit_rows(rows.data(), 1, out.data());
  EXPECT_EQ(out, (std::vector<std::uint8_t>{0, 0b10000001, 0, 0, 0, 0, 0, 0b00001000}));
}

TEST(BitPlanes, MeetTheirReferenceOnEveryTarget) {
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::size_t length : {0u, 1u, 8u, 15u, 16u, 17u, 31u, 64u, 65u, 127u, 512u, 1000u}) {
      SCOPED_TRACE(length);
      const std::vector<std::uint8_t> rows = random_bytes(8 * length);
      std::vector<std::uint8_t> out(8 * length), expected(8 * length);
      merge_bit_rows(rows.data(), length, out.data());
      reference::merge_bit_rows(rows.data(), length, 0, length, expected.data());
      EXPECT_EQ(out, expected);
      for (const std::size_t item : {1u, 2u, 3u, 4u, 8u, 16u}) {
        const std::vector<std::uint8_t> planes = random_bytes(item * length);
        out.assign(item * length, 0);
        expected.assign(item * length, 0);
        merge_byte_planes(planes.data(), length, item, out.data());
        reference::merge_byte_planes(planes.data(), length, item, 0, length, expected.data());
        EXPECT_EQ(out, expected) << item;
        std::vector<std::uint8_t> split(item * length);
        split_byte_planes(expected.data(), length, item, split.data());
        EXPECT_EQ(split, planes) << item;
      }
    }
  });
}

}  // namespace
}  // namespace ruska::kernels
