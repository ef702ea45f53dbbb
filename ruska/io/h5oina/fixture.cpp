// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <numbers>

#include "ruska/core/metadata.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {
namespace {

void write_number(const hdf5::GroupWriter& group, const std::string& name, double value) {
  group.write_numbers(name, DType::float64, {1, 1}, std::as_bytes(std::span(&value, 1)));
}

void write_header(const hdf5::GroupWriter& header, double rows, double columns, double row_step) {
  write_number(header, "X Cells", columns);
  write_number(header, "Y Cells", rows);
  write_number(header, "X Step", 0.5);
  write_number(header, "Y Step", row_step);
  write_number(header, "Beam Voltage", 20);
  header.write_text("Acquisition Date", "2024-03-05T06:07:08");
}

Description described(const std::string& title, const std::string& signal_type) {
  Description description;
  description.title = title;
  description.signal_type = signal_type;
  set(description.metadata, "General.title", title);
  set(description.metadata, "Signal.signal_type", signal_type);
  set(description.metadata, "General.date", "2024-03-05");
  set(description.metadata, "General.time", "06:07:08");
  set(description.metadata, "Acquisition_instrument.SEM.beam_energy", 20.0);
  return description;
}

template <class T>
std::vector<T> ramp(std::size_t count) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(3 * i % 101);
  return values;
}

/// A map of patterns, orientations and band contrast with its spectra, and a line scan in a second technique.
Fixture map() {
  const auto patterns = ramp<std::uint8_t>(36), contrast = ramp<std::uint8_t>(6);
  const auto euler = ramp<float>(18);
  const auto spectra = ramp<std::int32_t>(15);
  const auto maps = [](Role role) {
    return Axes{{"y", "length", "µm", role, 2, 0.25, 0}, {"x", "length", "µm", role, 3, 0.5, 0}};
  };
  Description image = described("EBSD/Band Contrast", ""), angles = described("EBSD/Euler", ""),
              stack = described("EBSD/Processed Patterns", ""), line = described("EDS/Spectrum", "EDS_SEM");
  image.axes = maps(Role::signal);
  angles.axes = maps(Role::navigation);
  angles.axes.push_back({"", "", "", Role::signal, 3});
  stack.axes = maps(Role::navigation);
  stack.axes.push_back({"ky", "", "", Role::signal, 2});
  stack.axes.push_back({"kx", "", "", Role::signal, 3});
  line.axes = {{"x", "length", "µm", Role::navigation, 3, 0.5, 0},
               {"Energy", "energy", "keV", Role::signal, 5, 0.01, -0.1}};
  set(line.metadata, "Acquisition_instrument.SEM.Detector.EDS.elevation_angle", 0.5 * (180 / std::numbers::pi));
  return {
      "h5oina",
      "map.h5oina",
      [=](const std::filesystem::path& folder) {
        const auto path = folder / "map.h5oina";
        hdf5::FileWriter file(path);
        {
          const hdf5::GroupWriter root = file.root();
          root.write_text("Manufacturer", "Oxford Instruments");
          root.write_text("Format Version", "8.0");
          root.write_text("Index", "1");
          const hdf5::GroupWriter slice = root.create_group("1");
          const hdf5::GroupWriter ebsd = slice.create_group("EBSD");
          write_header(ebsd.create_group("Header"), 2, 3, 0.25);
          const hdf5::GroupWriter data = ebsd.create_group("Data");
          data.write_numbers("Band Contrast", DType::uint8, {6, 1}, std::as_bytes(std::span(contrast)));
          data.write_numbers("Euler", DType::float32, {6, 3}, std::as_bytes(std::span(euler)));
          data.write_numbers("Processed Patterns", DType::uint8, {6, 2, 3}, std::as_bytes(std::span(patterns)));
          const hdf5::GroupWriter eds = slice.create_group("EDS");
          const hdf5::GroupWriter header = eds.create_group("Header");
          write_header(header, 1, 3, 0);
          write_number(header, "Channel Width", 10);
          write_number(header, "Start Channel", -100);
          write_number(header, "Detector Elevation", 0.5);
          eds.create_group("Data").write_numbers("Spectrum", DType::int32, {3, 5}, std::as_bytes(std::span(spectra)));
        }
        file.close();
        return path;
      },
      {Dataset::from_values<std::uint8_t>(image, contrast), Dataset::from_values<float>(angles, euler),
       Dataset::from_values<std::uint8_t>(stack, patterns), Dataset::from_values<std::int32_t>(line, spectra)}};
}

}  // namespace

std::vector<Fixture> h5oina_fixtures() { return {map()}; }

}  // namespace ruska::io
