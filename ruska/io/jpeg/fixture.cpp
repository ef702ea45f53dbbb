// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/decoded_image.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"
#include "tests/jpeg_bytes.hpp"

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
  FileBytes file;
  file.text(jpeg_bytes(values, height, width, samples, progressive, JPEG_COM, "zone axis 001"));
  Description description;
  set_image_axes(description, height, width, samples);
  return {"jpeg",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<std::uint8_t>(description, values)}};
}

}  // namespace

std::vector<Fixture> jpeg_fixtures() {
  return {blocks("grey.jpg", 1, false), blocks("colour.jpeg", 3, false), blocks("progressive.jpg", 1, true)};
}

}  // namespace ruska::io
