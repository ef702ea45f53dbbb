// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Description description(std::string title) {
  Description one;
  one.title = std::move(title);
  one.signal_type = "EDS_SEM";
  set(one.metadata, "General.title", one.title);
  set(one.metadata, "Signal.signal_type", "EDS_SEM");
  return one;
}

void set_instrument(Json& metadata) {
  set(metadata, "Acquisition_instrument.SEM",
      Json{{"beam_energy", 12.5},
           {"Stage", {{"tilt_alpha", -3.0}}},
           {"Detector",
            {{"EDS",
              {{"azimuth_angle", 36.5},
               {"elevation_angle", 30.5},
               {"energy_resolution_MnKa", 126.5},
               {"live_time", 260.25}}}}}});
  set(metadata, "Sample.elements", Json{"Fe", "O"});
}

/// Counts of 4 channels; elements out of order, one number that is no element.
FileBytes spectrum_file() {
  FileBytes file;
  file.little(0.7F).little(4.5F).text("SPECTRUM").little(std::int16_t{2019}).text("\x08\x05\x11\x0c\x22\x06");
  file.little(std::int32_t{3856}).little(std::int32_t{3840}).little(std::int16_t{4});
  file.pad_to(384).little(std::int32_t{5});
  file.pad_to(448).little(0.25F).little(0.27F).little(260.25F).little(-3.0F);
  file.pad_to(472).little(126.5F);
  file.pad_to(508).little(36.5F).little(30.5F);
  file.pad_to(532).little(12.5F);
  file.pad_to(638).little(std::int16_t{3}).little(std::uint16_t{26}).little(std::uint16_t{8}).little(std::uint16_t{0});
  file.pad_to(3840);
  for (const std::uint32_t count : {0U, 70000U, 4000000000U, 5U}) file.little(count);
  return file;
}

Fixture spectrum() {
  Description expected = description("EDS Spectrum");
  expected.axes = {axis("Energy", "keV", Role::signal, 4, 0.005, 0.25)};
  set_instrument(expected.metadata);
  const FileBytes file = spectrum_file();
  return {"edax",
          "spectrum.spc",
          [=](const std::filesystem::path& folder) { return file.write(folder / "spectrum.spc"); },
          {Dataset::from_values<std::uint32_t>(expected, std::vector<std::uint32_t>{0, 70000, 4000000000U, 5})}};
}

template <class T>
FileBytes map_file(std::int32_t points, std::uint32_t lines, std::uint32_t channels, const std::vector<T>& counts,
                   std::string_view image) {
  FileBytes file;
  file.text("MAPSPECTRA_DATA").text(std::string_view("\0", 1)).little(std::int32_t{1001});
  file.little(static_cast<std::int32_t>(points * static_cast<std::int32_t>(lines))).little(points).little(lines);
  file.little(channels).little(static_cast<std::uint32_t>(sizeof(T))).little(std::uint32_t{200});
  file.little(std::uint32_t{88}).text(image).pad_to(200);
  for (const T count : counts) file.little(count);
  return file;
}

/// A map with its spectrum and its image beside it.
Fixture map() {
  Description expected = description("EDS Spectrum Image");
  expected.axes = {axis("y", "µm", Role::navigation, 2, 0.25, 0), axis("x", "µm", Role::navigation, 3, 0.5, 0),
                   axis("Energy", "keV", Role::signal, 4, 0.005, 0.25)};
  set_instrument(expected.metadata);
  std::vector<std::uint16_t> counts(24);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = static_cast<std::uint16_t>(2801 * i);
  const FileBytes file = map_file(3, 2, 4, counts, "Map 1_Img.bmp");
  FileBytes image;
  image.little(std::uint16_t{334}).little(std::uint16_t{1}).text("IMG").pad_to(64).little(0.5F).little(0.25F);
  image.pad_to(264);
  const FileBytes spectrum = spectrum_file();
  return {"edax",
          "map.spd",
          [=](const std::filesystem::path& folder) {
            spectrum.write(folder / "map.spc");
            image.write(folder / "Map 1_Img.ipr");
            return file.write(folder / "map.spd");
          },
          {Dataset::from_values<std::uint16_t>(expected, counts)}};
}

/// One line of 8-bit counts with nothing beside it.
Fixture line() {
  Description expected = description("EDS Line Scan");
  expected.axes = {axis("x", "", Role::navigation, 5, 1, 0), axis("Energy", "", Role::signal, 3, 1, 0)};
  std::vector<std::uint8_t> counts(15);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = static_cast<std::uint8_t>(17 * i);
  const FileBytes file = map_file(5, 1, 3, counts, "");
  return {"edax",
          "line.spd",
          [=](const std::filesystem::path& folder) { return file.write(folder / "line.spd"); },
          {Dataset::from_values<std::uint8_t>(expected, counts)}};
}

}  // namespace

std::vector<Fixture> edax_fixtures() { return {spectrum(), map(), line()}; }

}  // namespace ruska::io
