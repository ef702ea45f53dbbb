// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Windows bitmaps without compression: 1, 4 or 8 bits with a palette, 24 and 32 bits. A palette of rising greys makes a
// grey image, any other one a colour image. Lines are padded to four bytes and mostly stored from the bottom up.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "ruska/core/driver.hpp"
#include "ruska/io/decoded_image.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::size_t file_header = 14;

using Colour = std::array<std::uint8_t, 3>;  // red, green, blue

struct Header {
  std::int64_t pixels = 0;  ///< byte in the file
  std::int64_t width = 0, height = 0, row_bytes = 0;
  std::uint32_t bits = 0;
  bool bottom_up = true;
  bool alpha = false;
  std::vector<Colour> palette{};

  /// One grey value per pixel.
  bool grey() const {
    for (std::size_t i = 0; i < palette.size(); ++i) {
      const auto level = static_cast<std::uint8_t>(i);
      if (palette[i] != Colour{level, level, level}) return false;
    }
    return bits == 8;
  }
  int samples() const { return grey() ? 1 : alpha ? 4 : 3; }
};

bool is_known_size(std::uint32_t size) {
  constexpr std::uint32_t sizes[] = {12, 40, 52, 56, 64, 108, 124};
  return std::find(std::begin(sizes), std::end(sizes), size) != std::end(sizes);
}

Confidence probe(const Probe& file) {
  const bool starts = file.head.size() > 26 && file.head[0] == std::byte{'B'} && file.head[1] == std::byte{'M'};
  if (starts && is_known_size(load<std::uint32_t>(file.head, 14)) && load<std::uint32_t>(file.head, 6) == 0) {
    return Confidence::content;
  }
  return extension_of(file.path) == "bmp" ? Confidence::extension : Confidence::none;
}

[[noreturn]] void refuse(ErrorKind kind, std::size_t place, const std::string& got, const std::string& allowed) {
  throw Error(kind,
              "the bitmap's header has " + got + " at byte " + std::to_string(place) + "; allowed are " + allowed);
}

Header read_header(const RandomAccessFile& file) {
  const std::vector<std::byte> start = file.read(0, file_header + 4);
  const std::span<const std::byte> mark(start);
  if (mark[0] != std::byte{'B'} || mark[1] != std::byte{'M'}) {
    throw Error(ErrorKind::bad_data,
                file.path().filename().string() + " does not start with the mark of a bitmap (BM)");
  }
  const std::uint32_t size = load<std::uint32_t>(mark, file_header);
  if (!is_known_size(size)) {
    refuse(ErrorKind::bad_data, file_header, "a size of " + std::to_string(size), "12, 40, 52, 56, 64, 108 and 124");
  }
  const std::vector<std::byte> raw = file.read(file_header, size);
  const std::span<const std::byte> bytes(raw);
  const bool old = size == 12;
  Header header;
  header.pixels = load<std::uint32_t>(mark, 10);
  const std::int64_t height =
      old ? load<std::uint16_t>(bytes, 6) : static_cast<std::int32_t>(load<std::uint32_t>(bytes, 8));
  header.width = old ? load<std::uint16_t>(bytes, 4) : static_cast<std::int32_t>(load<std::uint32_t>(bytes, 4));
  header.height = std::abs(height);
  header.bottom_up = height > 0;
  header.bits = load<std::uint16_t>(bytes, old ? 10 : 14);
  const std::uint32_t compression = old ? 0 : load<std::uint32_t>(bytes, 16);
  if (header.width < 1 || header.height < 1) {
    refuse(ErrorKind::bad_data, file_header + 4,
           "the size " + std::to_string(header.width) + " x " + std::to_string(height), "at least 1 x 1");
  }
  const bool palette = header.bits == 1 || header.bits == 4 || header.bits == 8;
  if (!palette && header.bits != 24 && header.bits != 32) {
    refuse(ErrorKind::unsupported, file_header + (old ? 10 : 14), std::to_string(header.bits) + " bits per pixel",
           "1, 4, 8, 24 and 32");
  }
  constexpr std::uint32_t masks = 3;
  if (compression == masks && header.bits == 32) {
    const std::vector<std::byte> bytes_of_masks = file.read(file_header + 40, 12);
    const std::span<const std::byte> stored(bytes_of_masks);
    if (load<std::uint32_t>(stored, 0) != 0xff0000 || load<std::uint32_t>(stored, 4) != 0xff00 ||
        load<std::uint32_t>(stored, 8) != 0xff) {
      refuse(ErrorKind::unsupported, file_header + 40, "colour masks of another order", "blue, green, red");
    }
    header.alpha = size >= 56 && load<std::uint32_t>(bytes, 52) == 0xff000000;
  } else if (compression != 0) {
    refuse(ErrorKind::unsupported, file_header + 16, "the compression " + std::to_string(compression), "0 (none)");
  }
  if (palette) {
    const std::uint32_t stated = old ? 0 : load<std::uint32_t>(bytes, 32);
    const std::uint32_t most = 1u << header.bits;
    const std::uint32_t colours = stated == 0 || stated > most ? most : stated;
    const std::int64_t width = old ? 3 : 4;
    const std::vector<std::byte> table = file.read(file_header + size, width * colours);
    for (std::uint32_t i = 0; i < colours; ++i) {
      const auto part = [&](std::int64_t n) {
        return static_cast<std::uint8_t>(table[static_cast<std::size_t>(width * i + n)]);
      };
      header.palette.push_back({part(2), part(1), part(0)});
    }
  }
  header.row_bytes = (header.width * header.bits + 31) / 32 * 4;
  std::int64_t needed = 0;
  if (__builtin_mul_overflow(header.row_bytes, header.height, &needed) || header.pixels > file.size() ||
      needed > file.size() - header.pixels) {
    throw Error(ErrorKind::bad_data, file.path().filename().string() + " has " + std::to_string(file.size()) +
                                         " bytes; a bitmap of " + std::to_string(header.width) + " x " +
                                         std::to_string(header.height) + " pixels from byte " +
                                         std::to_string(header.pixels) + " on needs more; the file is cut short");
  }
  return header;
}

std::vector<std::byte> decode(const RandomAccessFile& file, const Header& header) {
  const auto samples = static_cast<std::size_t>(header.samples());
  std::vector<std::byte> values(static_cast<std::size_t>(header.width * header.height) * samples);
  std::vector<std::byte> row(static_cast<std::size_t>(header.row_bytes));
  std::byte* out = values.data();
  for (std::int64_t y = 0; y < header.height; ++y) {
    file.read(header.pixels + (header.bottom_up ? header.height - 1 - y : y) * header.row_bytes, row);
    for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x) {
      if (header.bits > 8) {
        const std::byte* pixel = row.data() + x * header.bits / 8;
        *out++ = pixel[2];
        *out++ = pixel[1];
        *out++ = pixel[0];
        if (samples == 4) *out++ = pixel[3];
        continue;
      }
      const std::size_t bit = x * header.bits;
      const unsigned mask = (1u << header.bits) - 1;
      const auto index = static_cast<std::uint8_t>(row[bit / 8]) >> (8 - header.bits - bit % 8) & mask;
      if (samples == 1) {
        *out++ = static_cast<std::byte>(index);
        continue;
      }
      if (index >= header.palette.size()) {
        throw Error(ErrorKind::bad_data, "the bitmap has a pixel of colour " + std::to_string(index) +
                                             ", but its palette has " + std::to_string(header.palette.size()));
      }
      for (const std::uint8_t part : header.palette[index]) *out++ = static_cast<std::byte>(part);
    }
  }
  return values;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  const Header header = read_header(*file);
  Description description;
  description.dtype = DType::uint8;
  set_image_axes(description, header.height, header.width, header.samples());
  return {decoded_image(std::move(description), file->size(), [file, header] { return decode(*file, header); })};
}

}  // namespace

const Driver& bmp_driver() {
  static const Driver driver{"bmp", "Windows bitmap", {"bmp"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
