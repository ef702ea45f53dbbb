// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Axis axis(const char* name, Role role, std::int64_t size, double scale, const char* units) {
  return {.name = name, .quantity = quantity_of(units), .units = units, .role = role, .size = size, .scale = scale};
}

FileBytes blockfile(int rows, int columns, int side, int pixels_per_metre, const std::string& note,
                    std::vector<std::uint8_t>& values) {
  constexpr std::uint32_t image_offset = 280;
  FileBytes file;
  file.text("IMGBLO").little(std::uint16_t{0x0102}).little(image_offset);
  const auto patterns = static_cast<std::uint32_t>(image_offset + rows * columns + 5);
  file.little(patterns).little(std::uint32_t{131141});
  file.little(static_cast<std::uint16_t>(side)).little(std::uint16_t{63});
  file.little(static_cast<std::uint16_t>(columns)).little(static_cast<std::uint16_t>(rows));
  file.little(std::uint16_t{2500}).little(12.5).little(20.25).little(std::uint32_t{200000});
  file.little(static_cast<std::uint16_t>(pixels_per_metre)).little(std::uint32_t{2000});
  // 1 December 2015, 06:00:00.
  file.little(42339.25);
  for (int i = 0; i < 22; ++i) file.little(i * 0.5);
  file.text(note).pad_to(image_offset).pad_to(patterns, '\x11');
  for (int position = 0; position < rows * columns; ++position) {
    file.little(std::uint16_t{0x55aa}).little(static_cast<std::uint32_t>(position));
    for (int i = 0; i < side * side; ++i) {
      values.push_back(static_cast<std::uint8_t>(37 * position + 11 * i));
      file.little(values.back());
    }
  }
  return file;
}

Description description_of(Axes axes, const std::string& note) {
  Description description;
  description.signal_type = "diffraction";
  description.axes = std::move(axes);
  Json& metadata = description.metadata;
  set(metadata, "General.title", "");
  set(metadata, "General.date", "2015-12-01");
  set(metadata, "General.time", "06:00:00");
  set(metadata, "General.time_zone", "UTC");
  if (!note.empty()) set(metadata, "General.notes", note);
  set(metadata, "Signal.signal_type", "diffraction");
  set(metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(metadata, "Acquisition_instrument.TEM.camera_length", 200.0);
  set(metadata, "Acquisition_instrument.TEM.rotation", 25.0);
  return description;
}

Fixture scan() {
  std::vector<std::uint8_t> values;
  const FileBytes file = blockfile(3, 2, 4, 6226, "gamma: on", values);
  const Description description =
      description_of({axis("y", Role::navigation, 3, 20.25, "nm"), axis("x", Role::navigation, 2, 12.5, "nm"),
                      axis("dy", Role::signal, 4, 100.0 / 6226, "cm"), axis("dx", Role::signal, 4, 100.0 / 6226, "cm")},
                     "gamma: on");
  return {"blockfile",
          "scan.blo",
          [=](const std::filesystem::path& folder) { return file.write(folder / "scan.blo"); },
          {Dataset::from_values<std::uint8_t>(description, values)}};
}

/// One line, and no scale on the screen.
Fixture line() {
  std::vector<std::uint8_t> values;
  const FileBytes file = blockfile(1, 3, 2, 0, "", values);
  const Description description =
      description_of({axis("x", Role::navigation, 3, 12.5, "nm"), axis("dy", Role::signal, 2, 1, ""),
                      axis("dx", Role::signal, 2, 1, "")},
                     "");
  return {"blockfile",
          "line.blo",
          [=](const std::filesystem::path& folder) { return file.write(folder / "line.blo"); },
          {Dataset::from_values<std::uint8_t>(description, values)}};
}

}  // namespace

std::vector<Fixture> blockfile_fixtures() { return {scan(), line()}; }

}  // namespace ruska::io
