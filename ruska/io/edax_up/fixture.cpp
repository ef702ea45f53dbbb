// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/pattern_axes.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

template <class T>
Fixture fixture(std::string name, FileBytes file, Axes axes) {
  Description description;
  description.axes = std::move(axes);
  std::vector<T> values(static_cast<std::size_t>(count(description.shape())));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>(7919 * i + 3);
    file.little(values[i]);
  }
  return {"edax_up",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<T>(description, values)}};
}

FileBytes header(std::uint32_t version, std::uint32_t width, std::uint32_t height, std::uint32_t offset) {
  FileBytes file;
  return file.little(version).little(width).little(height).little(offset);
}

FileBytes raster_header(std::uint32_t columns, std::uint32_t rows, bool hexagonal) {
  FileBytes file = header(3, 3, 2, 48);
  file.text("\x01").little(columns).little(rows).little(static_cast<std::uint8_t>(hexagonal)).little(1.5).little(0.5);
  return file.pad_to(48);
}

}  // namespace

std::vector<Fixture> edax_up_fixtures() {
  return {fixture<std::uint8_t>("list.up1", header(1, 5, 4, 16), pattern_axes(0, 1, 0, 0, 4, 5)),
          fixture<std::uint16_t>("raster.up2", raster_header(2, 3, false), pattern_axes(3, 2, 0.5, 1.5, 2, 3)),
          fixture<std::uint8_t>("hexagonal.up1", raster_header(7, 9, true), pattern_axes(0, 1, 0, 0, 2, 3))};
}

}  // namespace ruska::io
