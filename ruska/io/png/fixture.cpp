// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include "ruska/io/decoded_image.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

using namespace std::string_literals;

namespace {

std::string chunk(const std::string& type, const std::string& content) {
  const std::string checked = type + content;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  FileBytes bytes;
  bytes.big(static_cast<std::uint32_t>(content.size())).text(checked).big(static_cast<std::uint32_t>(sum));
  return bytes.bytes();
}

/// `rows` holds a filter byte before each line.
FileBytes png(std::uint32_t width, std::uint32_t height, int depth, int colour, int interlace,
              const std::string& before, const std::string& rows) {
  FileBytes header;
  header.big(width).big(height).little(static_cast<char>(depth)).little(static_cast<char>(colour));
  header.little('\0').little('\0').little(static_cast<char>(interlace));
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
            static_cast<uLong>(rows.size()), 9);
  packed.resize(size);
  FileBytes file;
  file.text("\x89PNG\r\n\x1a\n").text(chunk("IHDR", header.bytes())).text(before).text(chunk("IDAT", packed));
  file.text(chunk("IEND", ""));
  return file;
}

template <class T>
Fixture fixture(const std::string& name, const FileBytes& file, std::int64_t height, std::int64_t width, int samples,
                const std::vector<T>& values) {
  Description description;
  set_image_axes(description, height, width, samples);
  return {"png",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<T>(description, values)}};
}

Fixture grey() {
  FileBytes rows;
  const std::vector<std::uint16_t> values{0, 1, 65535, 256, 770, 4660};
  for (std::size_t y = 0; y < 2; ++y) {
    rows.little('\0');
    for (std::size_t x = 0; x < 3; ++x) rows.big(values[3 * y + x]);
  }
  std::string size = "\0\0\x10\0\0\0\x20\0\x01"s;
  std::string text = "Title\0grain"s;
  return fixture<std::uint16_t>(
      "grey.png", png(3, 2, 16, 0, 0, chunk("pHYs", size) + chunk("tEXt", text), rows.bytes()), 2, 3, 1, values);
}

/// Two bits per pixel, and lines that store differences to the one above.
Fixture few_greys() {
  const std::string rows = "\0\x1b\x40\x02\x01\x00"s;
  return fixture<std::uint8_t>("few.png", png(5, 2, 2, 0, 0, "", rows), 2, 5, 1, {0, 1, 2, 3, 1, 0, 1, 3, 0, 1});
}

Fixture colours() {
  const std::string rows = "\0\x01\x02\x03\x04\x05\x06\x07\x08\0\x10\x20\x30\x40\x50\x60\x70\x80"s;
  return fixture<std::uint8_t>("colours.png", png(2, 2, 8, 6, 0, "", rows), 2, 2, 4,
                               {1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 48, 64, 80, 96, 112, 128});
}

Fixture grey_and_alpha() {
  return fixture<std::uint8_t>("alpha.png", png(2, 1, 8, 4, 0, "", "\0\x09\xff\x08\x7f"s), 1, 2, 2, {9, 255, 8, 127});
}

Fixture palette() {
  const std::string before = chunk("PLTE", "\xff\0\0\0\xff\0\0\0\xff"s);
  return fixture<std::uint8_t>("palette.png", png(3, 1, 8, 3, 0, before, "\0\x02\x00\x01"s), 1, 3, 3,
                               {0, 0, 255, 255, 0, 0, 0, 255, 0});
}

/// Adam7: of 2 x 2 pixels, the first pass holds (0, 0), the sixth (0, 1) and the seventh the second line.
Fixture interlaced() {
  return fixture<std::uint8_t>("interlaced.png", png(2, 2, 8, 0, 1, "", "\0\x0b\0\x0c\0\x0d\x0e"s), 2, 2, 1,
                               {11, 12, 13, 14});
}

}  // namespace

std::vector<Fixture> png_fixtures() {
  return {grey(), few_greys(), colours(), grey_and_alpha(), palette(), interlaced()};
}

}  // namespace ruska::io
