// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/pattern_axes.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

struct Position {
  double x, y;
};

/// Patterns of 2 rows and 3 columns; `stored` gives for each place in the file the number of its pattern, and `listed`
/// is how many the table has places for.
template <class T>
FileBytes pattern_file(std::int64_t version, const std::vector<std::size_t>& stored, std::size_t listed,
                       const std::vector<T>& values, const std::vector<Position>& positions) {
  FileBytes table, patterns;
  std::vector<std::int64_t> places(listed, 0);
  if (version > 0) table.little(-version);
  if (version > 3) table.text("\x01");
  const std::size_t begin = table.size() + 8 * listed;
  for (const std::size_t number : stored) {
    places[number] = static_cast<std::int64_t>(begin + patterns.size());
    patterns.little(std::int32_t{0}).little(std::int32_t{2}).little(std::int32_t{3});
    patterns.little(static_cast<std::int32_t>(6 * sizeof(T)));
    for (std::size_t i = 0; i < 6; ++i) patterns.little(values[6 * number + i]);
    if (version == 1) patterns.little(positions[number].x).little(positions[number].y);
    if (version > 1 && positions.empty()) patterns.text(std::string_view("\0\0", 2));
    if (version > 1 && !positions.empty()) {
      patterns.text("\x01").little(positions[number].x).text("\x01").little(positions[number].y);
    }
  }
  for (const std::int64_t place : places) table.little(place);
  return table.text(patterns.bytes());
}

template <class T>
std::vector<T> ramp(std::size_t patterns) {
  std::vector<T> values(6 * patterns);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(2801 * i + 1);
  return values;
}

template <class T>
Fixture fixture(std::string name, const FileBytes& file, Axes axes, const std::vector<T>& values) {
  Description description;
  description.axes = std::move(axes);
  return {"oxford_ebsp",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<T>(description, values)}};
}

}  // namespace

std::vector<Fixture> oxford_ebsp_fixtures() {
  const std::vector<Position> raster{{10, 5}, {10.5, 5}, {11, 5}, {10, 5.5}, {10.5, 5.5}, {11, 5.5}};
  const auto bytes = ramp<std::uint8_t>(6);
  const auto words = ramp<std::uint16_t>(6);
  // Of five listed patterns the second and fourth are missing.
  auto some = ramp<std::uint8_t>(5);
  const FileBytes sparse = pattern_file<std::uint8_t>(4, {4, 0, 2}, 5, some, {});
  some.erase(some.begin() + 18, some.begin() + 24);
  some.erase(some.begin() + 6, some.begin() + 12);
  return {fixture("raster.ebsp", pattern_file<std::uint8_t>(2, {1, 0, 2, 5, 4, 3}, 6, bytes, raster),
                  pattern_axes(2, 3, 0.5, 0.5, 2, 3), bytes),
          fixture("words.ebsp", pattern_file<std::uint16_t>(1, {0, 1, 2, 3, 4, 5}, 6, words, raster),
                  pattern_axes(2, 3, 0.5, 0.5, 2, 3), words),
          fixture("first.ebsp", pattern_file<std::uint8_t>(0, {2, 1, 0}, 3, ramp<std::uint8_t>(3), {}),
                  pattern_axes(0, 3, 0, 0, 2, 3), ramp<std::uint8_t>(3)),
          fixture("some.ebsp", sparse, pattern_axes(0, 3, 0, 0, 2, 3), some)};
}

}  // namespace ruska::io
