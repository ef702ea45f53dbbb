// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>

#include <jpeglib.h>

#include "ruska/io/decoded_image.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

/// Blocks of 8 x 8 pixels that are each of one value come back as they were at full quality.
Fixture blocks(const std::string& name, int samples, bool progressive) {
  constexpr int height = 12, width = 20;
  std::vector<std::uint8_t> values;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int sample = 0; sample < samples; ++sample) {
        values.push_back(static_cast<std::uint8_t>(16 + 8 * (3 * (y / 8) + x / 8)));
      }
    }
  }
  const auto write = [=](const std::filesystem::path& folder) {
    jpeg_compress_struct jpeg{};
    jpeg_error_mgr errors{};
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&jpeg, &bytes, &size);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = samples;
    jpeg.in_color_space = samples == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    const std::string comment = "zone axis 001";
    jpeg_write_marker(&jpeg, JPEG_COM, reinterpret_cast<const JOCTET*>(comment.data()),
                      static_cast<unsigned>(comment.size()));
    std::vector<std::uint8_t> pixels = values;
    while (jpeg.next_scanline < jpeg.image_height) {
      JSAMPROW row = pixels.data() + jpeg.next_scanline * width * samples;
      jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    FileBytes file;
    file.add(std::as_bytes(std::span(bytes, size)));
    std::free(bytes);
    return file.write(folder / name);
  };
  Description description;
  set_image_axes(description, height, width, samples);
  return {"jpeg", name, write, {Dataset::from_values<std::uint8_t>(description, values)}};
}

}  // namespace

std::vector<Fixture> jpeg_fixtures() {
  return {blocks("grey.jpg", 1, false), blocks("colour.jpeg", 3, false), blocks("progressive.jpg", 1, true)};
}

}  // namespace ruska::io
