// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <complex>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

void add_record(FileBytes& file, const FileBytes& content) {
  const auto length = static_cast<std::uint32_t>(content.size());
  file.little(length).text(content.bytes()).little(length);
}

FileBytes header(int columns, int rows, int layers, int form, int flag) {
  FileBytes record;
  for (const int value : {columns, rows, layers, 1, form, flag}) record.little(static_cast<std::int16_t>(value));
  FileBytes file;
  add_record(file, record);
  return file;
}

template <class T>
void add_rows(FileBytes& file, const std::vector<T>& values, std::size_t columns, bool padded = false) {
  for (std::size_t at = 0; at < values.size(); at += columns) {
    FileBytes row;
    for (std::size_t i = 0; i < columns; ++i) row.little(values[at + i]);
    if (padded) row.text(std::string_view("\0", 1));
    add_record(file, row);
  }
}

/// The label of a picture of 3 columns, 2 rows and 2 layers.
FileBytes label(int form) {
  std::array<int, 256> units{};
  const auto put = [&](std::size_t place, std::string_view characters) {
    for (const char c : characters) units[place++ - 1] = static_cast<unsigned char>(c);
  };
  const auto put_real = [&](std::size_t place, float value) {
    FileBytes bytes;
    put(place, bytes.little(value).bytes());
  };
  put(1, "Semper");
  units[8 - 1] = 3;
  units[10 - 1] = 2;
  units[12 - 1] = 2;
  units[19 - 1] = 1;
  units[20 - 1] = form;
  put(22, "\x73\x0c\x07\x0f\x10\x11");
  units[28 - 1] = 4;
  put(29, "0,12");
  units[63 - 1] = 1;
  units[64 - 1] = 4;
  put_real(76, 4.0F);
  put_real(80, -1.0F);
  put_real(84, 0.25F);
  put_real(88, 2.0F);
  put_real(92, 0.5F);
  put_real(96, 1.0F);
  units[100 - 1] = 5;
  put(101, "label");
  put(245, "nm");
  put(249, "nm");
  FileBytes record;
  for (const int unit : units) record.little(static_cast<std::int16_t>(unit));
  return record;
}

Fixture fixture(std::string name, const FileBytes& file, Dataset expected) {
  return {"semper",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {std::move(expected)}};
}

/// Layers with a label: calibrated axes, date, a title of its own.
Fixture layers() {
  Description description;
  description.title = "A title";
  description.axes = {axis("z", "", Role::navigation, 2, 4, -1), axis("y", "nm", Role::signal, 2, 0.25, 2),
                      axis("x", "nm", Role::signal, 3, 0.5, 1)};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "General.date", "2015-12-07");
  set(description.metadata, "General.time", "15:16:17");
  std::vector<float> values(12);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.5F * static_cast<float>(i);
  FileBytes file = header(3, 2, 2, 2, 21007);
  add_record(file, FileBytes().text("A title"));
  add_record(file, label(2));
  add_rows(file, values, 3);
  return fixture("layers.unf", file, Dataset::from_values<float>(description, values));
}

/// Rows of an odd number of bytes that are filled up; the label's title.
Fixture bytes() {
  Description description;
  description.title = "label";
  description.axes = {axis("z", "", Role::navigation, 2, 4, -1), axis("y", "nm", Role::signal, 2, 0.25, 2),
                      axis("x", "nm", Role::signal, 3, 0.5, 1)};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "General.date", "2015-12-07");
  set(description.metadata, "General.time", "15:16:17");
  const std::vector<std::int8_t> values{0, 1, 2, 3, -4, 5, 6, 7, 8, 9, 127, -128};
  FileBytes file = header(3, 2, 2, 0, 21000);
  add_record(file, label(0));
  add_rows(file, values, 3, true);
  return fixture("bytes.unf", file, Dataset::from_values<std::int8_t>(description, values));
}

/// The forms that are left, without title and label.
template <class T>
Fixture plain(std::string name, int form, const std::vector<T>& values, int rows) {
  const int columns = static_cast<int>(values.size()) / rows;
  Description description;
  if (rows > 1) description.axes.push_back(axis("y", "", Role::signal, rows));
  description.axes.push_back(axis("x", "", Role::signal, columns));
  set(description.metadata, "General.title", "");
  FileBytes file = header(columns, rows, 1, form, 20000);
  add_rows(file, values, static_cast<std::size_t>(columns));
  return fixture(std::move(name), file, Dataset::from_values<T>(description, values));
}

}  // namespace

std::vector<Fixture> semper_fixtures() {
  return {layers(), bytes(), plain<std::int16_t>("short.unf", 1, {-1, 2, 30000, 4}, 1),
          plain<std::complex<float>>("complex.unf", 3, {{1, 2}, {3, -4}, {5, 6}, {0, 0.5F}}, 2),
          plain<std::int32_t>("long.unf", 4, {-1, 2, 2000000000, 4, 5, 6}, 2)};
}

}  // namespace ruska::io
