// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

void header(FileBytes& file, std::uint32_t version, std::uint32_t bits, std::uint32_t pixel_size) {
  for (const std::uint32_t value : {256u, version, 4u, 3u, bits, 7u, 2u, 1u, 1u, pixel_size, 200u, 80u, 64u}) {
    file.little(value);
  }
  file.text("TVIPS TVIPS").pad_to(256, 'T');
}

/// Version 2, four bytes longer than its fields.
void frame_header(FileBytes& file, std::uint32_t number, std::uint32_t milliseconds) {
  file.little(number).little(std::uint32_t{740399696}).little(milliseconds).little(std::uint32_t{0}).little(23.5f);
  file.little(std::uint32_t{0}).little(std::uint32_t{2});
  for (const float place : {0.5f, 0.25f, -0.5f, 1.5f, -2.0f}) file.little(place);
  file.little(std::uint32_t{1}).little(0.0f).little(0.5f).little(std::uint32_t{0});
}

Description description_of(std::int64_t frames, double step, const char* units) {
  Description description;
  description.axes = {{.name = "time",
                       .quantity = "time",
                       .units = "s",
                       .role = Role::navigation,
                       .size = frames,
                       .scale = step,
                       .offset = 740399696.25},
                      {.name = "dy", .quantity = quantity_of(units), .units = units, .size = 3, .offset = 2},
                      {.name = "dx", .quantity = quantity_of(units), .units = units, .size = 4, .offset = 7}};
  Json& metadata = description.metadata;
  set(metadata, "General.title", "");
  set(metadata, "General.date", "1993-06-18");
  set(metadata, "General.time", "10:34:56");
  set(metadata, "General.time_zone", "UTC");
  set(metadata, "Acquisition_instrument.TEM.beam_energy", 200);
  set(metadata, "Acquisition_instrument.TEM.magnification", 80);
  return description;
}

/// Diffraction patterns in two files.
Fixture stream() {
  FileBytes first, second;
  std::vector<std::uint16_t> values;
  header(first, 2, 16, 5);
  for (std::uint32_t frame = 0; frame < 2; ++frame) {
    FileBytes& file = frame == 0 ? first : second;
    frame_header(file, frame, 250 + 4 * frame);
    for (std::uint32_t i = 0; i < 12; ++i) {
      values.push_back(static_cast<std::uint16_t>(60000 * frame + 300 * i));
      file.little(values.back());
    }
  }
  Description description = description_of(2, 0.004, "1/nm");
  description.signal_type = "diffraction";
  for (const std::size_t axis : {1u, 2u}) description.axes[axis].scale = 5;
  Json& stage = description.metadata["Acquisition_instrument"]["TEM"]["Stage"];
  stage = {{"tilt_alpha", 1.5f}, {"tilt_beta", -2.0f}, {"x", 0.5f}, {"y", 0.25f}, {"z", -0.5f}};
  set(description.metadata, "Signal.signal_type", "diffraction");
  return {"tvips",
          "stream_000.tvips",
          [=](const std::filesystem::path& folder) {
            second.write(folder / "stream_001.tvips");
            return first.write(folder / "stream_000.tvips");
          },
          {Dataset::from_values<std::uint16_t>(description, values)}};
}

/// Version 1 has no more than number and time before a frame.
Fixture version_1() {
  FileBytes file;
  std::vector<std::uint8_t> values;
  header(file, 1, 8, 0);
  file.little(std::uint32_t{0}).little(std::uint32_t{740399696}).little(std::uint32_t{250});
  for (std::uint32_t i = 0; i < 12; ++i) {
    values.push_back(static_cast<std::uint8_t>(20 * i));
    file.little(values.back());
  }
  return {"tvips",
          "old_000.tvips",
          [=](const std::filesystem::path& folder) { return file.write(folder / "old_000.tvips"); },
          {Dataset::from_values<std::uint8_t>(description_of(1, 1, ""), values)}};
}

}  // namespace

std::vector<Fixture> tvips_fixtures() { return {stream(), version_1()}; }

}  // namespace ruska::io
