// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/decoded_image.hpp"

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"

namespace ruska::io {
namespace {

Description image_of(std::int64_t height, std::int64_t width) {
  Description description;
  description.dtype = DType::uint8;
  set_image_axes(description, height, width, 1);
  return description;
}

TEST(DecodedImage, RefusesMoreThanTheFileCanHold) {
  const auto never = []() -> std::vector<std::byte> { throw Error(ErrorKind::internal, "decoded"); };
  EXPECT_THROW(decoded_image(image_of(50000, 50000), std::int64_t{1} << 40, never), Error);
  EXPECT_THROW(decoded_image(image_of(10000, 10000), 100, never), Error);
  EXPECT_NO_THROW(decoded_image(image_of(1000, 1000), 100, never));
}

TEST(DecodedImage, DecodesOnceAndAgainAfterAFailure) {
  int calls = 0;
  const auto source = decoded_image(image_of(1, 2), 10, [&] {
    if (++calls == 1) throw Error(ErrorKind::io, "gone");
    return std::vector<std::byte>{std::byte{3}, std::byte{4}};
  });
  std::vector<std::byte> out(1);
  const Region second{{0, 1}, {1, 1}};
  EXPECT_THROW(source->read(second, out), Error);
  source->read(second, out);
  source->read(second, out);
  EXPECT_EQ(out[0], std::byte{4});
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(source->buffered(), 2);
}

}  // namespace
}  // namespace ruska::io
