// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/bcf/packed_map.hpp"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/file_bytes.hpp"

namespace ruska::io::bcf {
namespace {

class MemoryStream final : public Stream {
 public:
  explicit MemoryStream(std::string bytes) : bytes_(std::move(bytes)) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
  void read(std::int64_t offset, std::span<std::byte> out) const override {
    if (offset + static_cast<std::int64_t>(out.size()) > size()) throw Error(ErrorKind::bad_data, "the end");
    std::copy_n(reinterpret_cast<const std::byte*>(bytes_.data()) + offset, out.size(), out.begin());
  }

 private:
  std::string bytes_;
};

FileBytes pixel(std::uint32_t x, std::uint16_t packing, std::uint16_t pulses, const std::string& data) {
  FileBytes out;
  out.little(x).little(std::uint32_t{0}).little(std::uint32_t{0}).little(packing).little(std::uint16_t{0});
  return out.little(pulses).little(static_cast<std::uint32_t>(data.size())).text(data);
}

Description description_of(std::int64_t height, std::int64_t width, std::int64_t channels) {
  Description description;
  description.dtype = DType::uint8;
  description.axes.resize(3);
  description.axes[0].size = height;
  description.axes[1].size = width;
  description.axes[2].size = channels;
  description.axes[0].role = description.axes[1].role = Role::navigation;
  return description;
}

std::shared_ptr<const Source> one_line(std::int64_t width, std::int64_t channels, std::uint32_t pixels,
                                       const std::string& content) {
  FileBytes out;
  out.little(std::uint32_t{1}).little(static_cast<std::uint32_t>(width)).pad_to(0x1A0).little(pixels).text(content);
  return packed_map(std::make_shared<MemoryStream>(out.bytes()), description_of(1, width, channels));
}

void expect_damaged(const Source& map, const std::string& words) {
  try {
    map.read_counts(0, map.describe().navigation_size());
    ADD_FAILURE() << "read, where it should say " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_THAT(error.what(), testing::HasSubstr(words));
  }
}

TEST(PackedMap, UnpacksTwelveBitPulsesAcrossWords) {
  // 0xABC, 0xDEF, 0x123, 0x456: the words of 16 bits are 0xABCD 0xEF12 0x3456.
  FileBytes data;
  data.little(std::uint16_t{0xABCD}).little(std::uint16_t{0xEF12}).little(std::uint16_t{0x3456});
  const SparseCounts counts = one_line(1, 4096, 1, pixel(0, 1, 4, data.bytes()).bytes())->read_counts(0, 1);
  EXPECT_EQ(counts.channel, (std::vector<std::uint32_t>{0x123, 0x456, 0xABC, 0xDEF}));
  EXPECT_EQ(counts.value, (std::vector<std::uint32_t>{1, 1, 1, 1}));
}

TEST(PackedMap, RunsRiseAndTakeAdditionalPulses) {
  // Bytes 0, 5, 7 on a base of 0; four channels of zeros; nibbles 0, 2, 1 on a base of 1.
  std::string data = std::string("\2\3\0\0\0\5\7", 7) + std::string("\0\4", 2) + "\1\3\1\x20\1";
  data += FileBytes().little(std::uint32_t{4}).bytes();
  const std::string plain = pixel(0, 2, 0, data).bytes();
  const std::string pulses =
      pixel(1, 2, 2, data).bytes() + FileBytes().little(std::uint16_t{5}).little(std::uint16_t{2}).bytes();
  const SparseCounts counts = one_line(2, 10, 2, plain + pulses)->read_counts(0, 2);
  EXPECT_EQ(counts.row_start, (std::vector<std::int64_t>{0, 5, 11}));
  EXPECT_EQ(counts.channel, (std::vector<std::uint32_t>{1, 2, 7, 8, 9, 1, 2, 5, 7, 8, 9}));
  EXPECT_EQ(counts.value, (std::vector<std::uint32_t>{5, 7, 1, 3, 2, 5, 8, 1, 1, 3, 2}));
  expect_damaged(*one_line(1, 9, 1, plain), "channel 9 of 9");
}

TEST(PackedMap, ManyCountsStayInTheirRows) {
  constexpr std::int64_t width = 12;
  std::string content;
  std::vector<std::uint32_t> channels;
  for (std::uint32_t x = 0; x < width; ++x) {
    std::string pulses;
    for (std::uint16_t i = 0; i < 2000; ++i) {
      const auto channel = static_cast<std::uint16_t>(2 * i + x % 2);
      channels.push_back(channel);
      pulses += FileBytes().little(channel).bytes();
    }
    content += pixel(x, 0, 2000, pulses).bytes();
  }
  const SparseCounts counts = one_line(width, 4096, width, content)->read_counts(0, width);
  ASSERT_EQ(counts.rows(), width);
  for (std::size_t row = 0; row <= width; ++row)
    EXPECT_EQ(counts.row_start[row], 2000 * static_cast<std::int64_t>(row));
  EXPECT_TRUE(counts.channel == channels);
  EXPECT_TRUE(counts.value == std::vector<std::uint32_t>(channels.size(), 1));
}

TEST(PackedMap, RefusesWhatDoesNotFit) {
  const std::string twelve_bits =
      FileBytes().little(std::uint16_t{0xABCD}).little(std::uint16_t{0xEF12}).little(std::uint16_t{0x3456}).bytes();
  expect_damaged(*one_line(1, 0xDEF, 1, pixel(0, 1, 4, twelve_bits).bytes()), "channel 3567 of 3567");
  const std::string channel_9 = FileBytes().little(std::uint16_t{9}).bytes();
  expect_damaged(*one_line(2, 9, 1, pixel(0, 0, 1, channel_9).bytes()), "channel 9 of 9");
  expect_damaged(*one_line(2, 10, 1, pixel(2, 0, 1, channel_9).bytes()), "column 2");
  expect_damaged(*one_line(2, 10, 3, ""), "claims 3 pixels of 2");
  expect_damaged(*one_line(2, 10, 2, pixel(1, 0, 1, channel_9).bytes() + pixel(1, 0, 1, channel_9).bytes()), "twice");
  expect_damaged(*one_line(2, 10, 1, pixel(0, 0, 1, "abc").bytes()), "odd number");
  expect_damaged(*one_line(2, 10, 1, pixel(0, 1, 3, "abcd").bytes()), "3 pulses of 12 bits in 4 bytes");
  expect_damaged(*one_line(2, 10, 1, pixel(0, 2, 0, "ab").bytes()), "a pixel of 2 bytes");
  expect_damaged(*one_line(2, 10, 1, pixel(0, 2, 0, std::string("\x03\x01", 2) + "cdefgh").bytes()), "3 nibbles");
  expect_damaged(*one_line(2, 10, 1, pixel(0, 2, 0, std::string("\x02\x05", 2) + "cdefgh").bytes()), "cut off");
  expect_damaged(*one_line(2, 10, 1, pixel(0, 0, 1, channel_9).bytes().substr(0, 23)), "of 443");
  expect_damaged(*one_line(2, 10, 1, "short"), "it ends at byte");
}

TEST(PackedMap, DenseReadRefusesACountAboveTheDtype) {
  std::string pulses;
  for (int i = 0; i < 300; ++i) pulses += FileBytes().little(std::uint16_t{2}).bytes();
  const auto map = one_line(2, 10, 1, pixel(1, 0, 300, pulses).bytes());
  EXPECT_EQ(map->read_counts(0, 2).value, (std::vector<std::uint32_t>{300}));
  std::vector<std::byte> out(20);
  try {
    map->read(Region::whole({1, 2, 10}), out);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_THAT(error.what(), testing::HasSubstr("300 counts"));
  }
}

/// 314 MB of pixels with 139 pulses each, made up where they are read.
class LargeStream final : public Stream {
 public:
  static constexpr std::int64_t side = 1024;

  LargeStream() {
    FileBytes line;
    line.little(static_cast<std::uint32_t>(side));
    for (std::uint32_t x = 0; x < side; ++x) {
      std::string pulses;
      for (std::uint16_t i = 0; i < 139; ++i) pulses += FileBytes().little(static_cast<std::uint16_t>(29 * i)).bytes();
      line.text(pixel(x, 0, 139, pulses).bytes());
    }
    line_ = line.bytes();
    head_ = FileBytes().little(std::uint32_t{side}).little(std::uint32_t{side}).pad_to(0x1A0).bytes();
  }
  std::int64_t size() const override {
    return static_cast<std::int64_t>(head_.size()) + side * static_cast<std::int64_t>(line_.size());
  }
  void read(std::int64_t offset, std::span<std::byte> out) const override {
    for (std::byte& byte : out) {
      const auto at = static_cast<std::size_t>(offset++);
      byte = static_cast<std::byte>(at < head_.size() ? head_[at] : line_[(at - head_.size()) % line_.size()]);
    }
  }

 private:
  std::string head_, line_;
};

std::int64_t peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") {
      std::int64_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes;
    }
  }
  return 0;
}

TEST(PackedMap, HoldsLittleOfALargeMap) {
  const auto stream = std::make_shared<LargeStream>();
  ASSERT_GT(stream->size(), 300'000'000);
  const Shape shape = map_shape(*stream);
  ASSERT_EQ(shape, (Shape{1024, 1024}));
  const std::int64_t before = peak_kilobytes();
  // 4 GiB if it were dense.
  const auto map = packed_map(stream, description_of(shape[0], shape[1], 4096));
  const SparseCounts counts = map->read_counts(1024 * 1024 - 2000, 1024 * 1024);
  EXPECT_EQ(counts.nonzeros(), 2000 * 139);
  std::vector<std::byte> spectrum(4096);
  map->read({{500, 17, 0}, {1, 1, 4096}}, spectrum);
  EXPECT_EQ(spectrum[29 * 138], std::byte{1});
  EXPECT_LT(peak_kilobytes() - before, 64 * 1024) << "the index takes 16 MiB, twice that while it grows";
}

}  // namespace
}  // namespace ruska::io::bcf
