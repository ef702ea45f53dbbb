// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/decoded_image.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

using namespace std::string_literals;

namespace {

FileBytes bitmap(std::int32_t width, std::int32_t height, std::uint16_t bits, std::uint32_t compression,
                 std::uint32_t colours, std::uint32_t header_size, const std::string& behind,
                 const std::string& pixels) {
  FileBytes file;
  const auto start = static_cast<std::uint32_t>(14 + header_size + behind.size());
  file.text("BM").little(static_cast<std::uint32_t>(start + pixels.size())).little(std::uint32_t{0}).little(start);
  file.little(header_size);
  if (header_size == 12) {
    file.little(static_cast<std::uint16_t>(width)).little(static_cast<std::uint16_t>(height));
    file.little(std::uint16_t{1}).little(bits);
  } else {
    file.little(width).little(height).little(std::uint16_t{1}).little(bits).little(compression);
    file.little(std::uint32_t{0}).little(std::int32_t{2835}).little(std::int32_t{2835});
    file.little(colours).little(std::uint32_t{0});
    if (header_size == 108) {
      for (const std::uint32_t mask : {0xff0000u, 0xff00u, 0xffu, 0xff000000u}) file.little(mask);
    }
    file.pad_to(14 + header_size);
  }
  file.text(behind).text(pixels);
  return file;
}

Fixture fixture(const std::string& name, const FileBytes& file, std::int64_t height, std::int64_t width, int samples,
                const std::vector<std::uint8_t>& values) {
  Description description;
  set_image_axes(description, height, width, samples);
  return {"bmp",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<std::uint8_t>(description, values)}};
}

Fixture grey() {
  std::string palette;
  for (int i = 0; i < 256; ++i) palette += std::string(3, static_cast<char>(i)) + '\0';
  return fixture("grey.bmp", bitmap(3, 2, 8, 0, 0, 40, palette, "\x04\x05\xff\0\x01\x02\x03\0"s), 2, 3, 1,
                 {1, 2, 3, 4, 5, 255});
}

Fixture palette() {
  const std::string table = "\0\0\xff\0\x01\x02\x03\0\xff\xff\xff\0"s;
  return fixture("palette.bmp", bitmap(3, -1, 4, 0, 3, 40, table, "\x12\x00\0\0"s), 1, 3, 3,
                 {3, 2, 1, 255, 255, 255, 255, 0, 0});
}

Fixture two_colours() {
  return fixture("two.bmp", bitmap(9, 1, 1, 0, 0, 12, "\x03\x02\x01\x06\x05\x04"s, "\x81\x80\0\0"s), 1, 9, 3,
                 {4, 5, 6, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
}

Fixture colours() {
  return fixture("colours.bmp", bitmap(1, 2, 24, 0, 0, 40, "", "\x01\x02\x03\0\x04\x05\x06\0"s), 2, 1, 3,
                 {6, 5, 4, 3, 2, 1});
}

Fixture colours_with_alpha() {
  return fixture("alpha.bmp", bitmap(2, 1, 32, 3, 0, 108, "", "\x01\x02\x03\x04\x05\x06\x07\x08"s), 1, 2, 4,
                 {3, 2, 1, 4, 7, 6, 5, 8});
}

}  // namespace

std::vector<Fixture> bmp_fixtures() { return {grey(), palette(), two_colours(), colours(), colours_with_alpha()}; }

}  // namespace ruska::io
