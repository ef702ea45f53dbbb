// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/stored_array.hpp"

#include <complex>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "tests/file_bytes.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::io {
namespace {

namespace fs = std::filesystem;

class StoredArrayTest : public testing::Test {
 protected:
  ScratchFolder folder_;
  fs::path path_ = folder_ / "stored";
};

Description description_of(const Shape& shape, DType dtype) {
  Description description;
  description.dtype = dtype;
  for (const std::int64_t size : shape) {
    description.axes.emplace_back();
    description.axes.back().size = size;
  }
  return description;
}

std::vector<std::uint32_t> read(const Source& source, const Region& region) {
  std::vector<std::uint32_t> values(static_cast<std::size_t>(region.count()));
  source.read(region, std::as_writable_bytes(std::span(values)));
  return values;
}

// 10 MB, so that reads go through several blocks, and rows of 14 kB, so that narrow columns jump over gaps.
constexpr std::int64_t rows = 700, columns = 3600;

TEST_F(StoredArrayTest, BothOrdersGiveTheSameRegions) {
  std::vector<std::uint32_t> values(rows * columns), transposed(rows * columns);
  std::iota(values.begin(), values.end(), 0u);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      transposed[static_cast<std::size_t>(j * rows + i)] = values[static_cast<std::size_t>(i * columns + j)];
    }
  }
  FileBytes().text("head").add(std::as_bytes(std::span(values))).add(std::as_bytes(std::span(transposed))).write(path_);
  const auto file = std::make_shared<const RandomAccessFile>(path_);
  const Shape shape{rows, columns};
  const auto in_c = stored_array(file, description_of(shape, DType::uint32), {4, c_strides(shape, 4)});
  const auto in_fortran =
      stored_array(file, description_of(shape, DType::uint32), {4 + rows * columns * 4, fortran_strides(shape, 4)});
  const std::vector<Region> regions{{{0, 0}, shape},         {{3, 5}, {690, 2}},    {{699, 3599}, {1, 1}},
                                    {{10, 0}, {2, columns}}, {{0, 100}, {rows, 1}}, {{5, 5}, {0, 7}}};
  for (const Region& region : regions) {
    SCOPED_TRACE(to_string(region.start) + " " + to_string(region.shape));
    std::vector<std::uint32_t> expected(static_cast<std::size_t>(region.count()));
    copy_region(std::as_bytes(std::span(values)), shape, 4, region, std::as_writable_bytes(std::span(expected)));
    EXPECT_TRUE(read(*in_c, region) == expected);
    EXPECT_TRUE(read(*in_fortran, region) == expected);
  }
}

TEST_F(StoredArrayTest, SwapsEachHalfOfAComplexNumber) {
  FileBytes().big(1.5f).big(-2.0f).write(path_);
  const auto source = stored_array(std::make_shared<const RandomAccessFile>(path_),
                                   description_of({1}, DType::complex64), {0, {8}, true});
  std::complex<float> value;
  source->read({{0}, {1}}, std::as_writable_bytes(std::span(&value, 1)));
  EXPECT_EQ(value, std::complex<float>(1.5f, -2.0f));
}

TEST_F(StoredArrayTest, RefusesAnArrayThatLeavesTheFile) {
  FileBytes().text("12345678").write(path_);
  const auto file = std::make_shared<const RandomAccessFile>(path_);
  const auto open = [&](const Shape& shape, std::int64_t offset, const Shape& strides) {
    stored_array(file, description_of(shape, DType::uint32), {offset, strides});
  };
  EXPECT_NO_THROW(open({2}, 0, {4}));
  EXPECT_NO_THROW(open({0}, 100, {4}));
  EXPECT_THROW(open({2}, 1, {4}), Error);
  EXPECT_THROW(open({3}, 0, {4}), Error);
  EXPECT_THROW(open({2}, -4, {4}), Error);
  EXPECT_THROW(open({std::int64_t{1} << 62}, 0, {4}), Error);
  EXPECT_THROW(open({2}, 0, {INT64_MAX}), Error);
  EXPECT_THROW(c_strides({std::int64_t{1} << 40, std::int64_t{1} << 40}, 8), Error);
}

TEST_F(StoredArrayTest, SaysThatAFileIsCutShort) {
  FileBytes().text("1234").write(path_);
  try {
    stored_array(std::make_shared<const RandomAccessFile>(path_), description_of({2, 3}, DType::uint16), {0, {6, 2}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_THAT(error.message(), testing::HasSubstr("has 4 bytes"));
    EXPECT_THAT(error.message(), testing::HasSubstr("needs 12"));
  }
}

TEST_F(StoredArrayTest, FileShortenedMeanwhileIsAnError) {
  FileBytes().text("12345678").write(path_);
  const auto source =
      stored_array(std::make_shared<const RandomAccessFile>(path_), description_of({8}, DType::uint8), {0, {1}});
  fs::resize_file(path_, 3);
  std::vector<std::byte> out(8);
  EXPECT_THROW(source->read({{0}, {8}}, out), Error);
}

// Rows from the bottom up behind a header of each image, as cameras store them.
TEST_F(StoredArrayTest, NegativeStridesTurnAnAxisAround) {
  const Shape shape{3, 4, 5};
  std::vector<std::uint32_t> values(60);
  std::iota(values.begin(), values.end(), 0u);
  FileBytes file;
  for (std::size_t image = 0; image < 3; ++image) {
    file.text("head");
    for (std::size_t row = 4; row-- > 0;) {
      for (std::size_t column = 0; column < 5; ++column) file.little(values[(image * 4 + row) * 5 + column]);
    }
  }
  file.write(path_);
  const auto source = stored_array(std::make_shared<const RandomAccessFile>(path_),
                                   description_of(shape, DType::uint32), {4 + 3 * 20, {84, -20, 4}});
  EXPECT_EQ(read(*source, Region::whole(shape)), values);
  for (std::uint64_t i = 0; i < 100; ++i) {
    Random random(1, "turned", i);
    Region region;
    for (const std::int64_t size : shape) {
      region.start.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size))));
      region.shape.push_back(
          1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size - region.start.back()))));
    }
    std::vector<std::uint32_t> expected(static_cast<std::size_t>(region.count()));
    copy_region(std::as_bytes(std::span(values)), shape, 4, region, std::as_writable_bytes(std::span(expected)));
    ASSERT_EQ(read(*source, region), expected) << to_string(region.start) << ", " << to_string(region.shape);
  }
}

// Images of 240 kB, more than is turned round at once, each behind 8 bytes that are none of it.
TEST_F(StoredArrayTest, LargeImagesAreReadAsTheyLie) {
  const Shape shape{3, 300, 200};
  std::vector<std::uint32_t> values(static_cast<std::size_t>(count(shape)));
  std::iota(values.begin(), values.end(), 0x10203u);
  constexpr std::int64_t row = 800, image = 300 * row, step = image + 8;
  for (const bool swapped : {false, true}) {
    for (const bool upwards : {false, true}) {
      SCOPED_TRACE(std::string(swapped ? "big-endian" : "little-endian") + (upwards ? ", last row first" : ""));
      FileBytes file;
      for (std::size_t i = 0; i < 3; ++i) {
        file.text("headhead");
        for (std::size_t r = 0; r < 300; ++r) {
          const std::uint32_t* const from = values.data() + (i * 300 + (upwards ? 299 - r : r)) * 200;
          for (std::size_t c = 0; c < 200; ++c) swapped ? file.big(from[c]) : file.little(from[c]);
        }
      }
      file.write(path_);
      const StoredLayout layout{8 + (upwards ? image - row : 0), {step, upwards ? -row : row, 4}, swapped};
      const auto source =
          stored_array(std::make_shared<const RandomAccessFile>(path_), description_of(shape, DType::uint32), layout);
      EXPECT_TRUE(read(*source, Region::whole(shape)) == values);
      for (const Region& region : {Region{{1, 0, 0}, {2, 300, 200}}, Region{{0, 7, 0}, {3, 200, 200}},
                                   Region{{0, 7, 3}, {3, 290, 150}}, Region{{2, 299, 199}, {1, 1, 1}}}) {
        std::vector<std::uint32_t> expected(static_cast<std::size_t>(region.count()));
        copy_region(std::as_bytes(std::span(values)), shape, 4, region, std::as_writable_bytes(std::span(expected)));
        EXPECT_TRUE(read(*source, region) == expected) << to_string(region.start) << ", " << to_string(region.shape);
      }
    }
  }
}

TEST_F(StoredArrayTest, RefusesANegativeStrideThatLeavesTheFile) {
  FileBytes().text(std::string(64, 'x')).write(path_);
  const auto file = std::make_shared<const RandomAccessFile>(path_);
  EXPECT_NO_THROW(stored_array(file, description_of({4, 4}, DType::uint32), {48, {-16, 4}}));
  EXPECT_THROW(stored_array(file, description_of({4, 4}, DType::uint32), {47, {-16, 4}}), Error);
  EXPECT_THROW(stored_array(file, description_of({4, 4}, DType::uint32), {49, {-16, 4}}), Error);
}

}  // namespace
}  // namespace ruska::io
