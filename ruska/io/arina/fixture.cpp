// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {
namespace {

std::vector<std::uint32_t> frames(std::uint32_t first, std::uint32_t count) {
  std::vector<std::uint32_t> values;
  for (std::uint32_t i = 0; i < count * 6; ++i) values.push_back(first * 6 + i);
  return values;
}

Description described() {
  Description description;
  set(description.metadata, "General.title", "");
  set(description.metadata, "Signal.signal_type", "");
  set(description.metadata, "General.date", "2025-05-03");
  set(description.metadata, "General.time", "01:51:00");
  return description;
}

void write_master(const std::filesystem::path& path, bool one_array) {
  hdf5::FileWriter file(path);
  {
    const hdf5::GroupWriter entry = file.root().create_group("entry");
    const hdf5::GroupWriter data = entry.create_group("data");
    const auto first = frames(0, 4), last = frames(4, 2);
    data.write_numbers("data_000001", DType::uint32, {4, 2, 3}, std::as_bytes(std::span(first)));
    if (!one_array) data.write_numbers("data_000002", DType::uint32, {2, 2, 3}, std::as_bytes(std::span(last)));
    const hdf5::GroupWriter detector = entry.create_group("instrument").create_group("detector");
    detector.write_text("description", "Dectris ARINA Si");
    const hdf5::GroupWriter specific = detector.create_group("detectorSpecific");
    specific.write_text("data_collection_date", "2025-05-03T01:51:00.302+02:00");
    const std::vector<double> electronvolts{200000};
    specific.write_numbers("photon_energy", DType::float64, {1}, std::as_bytes(std::span(electronvolts)));
  }
  file.close();
}

/// Two data arrays and the file that says how the scan went.
Fixture scan() {
  Description description = described();
  const std::string tem = "Acquisition_instrument.TEM.";
  set(description.metadata, tem + "beam_energy", 300.0);
  set(description.metadata, tem + "camera_length", 115.0);
  set(description.metadata, tem + "magnification", 1.5e6);
  description.axes = {{"y", "length", "nm", Role::navigation, 2, 0.25, 0},
                      {"x", "length", "nm", Role::navigation, 3, 0.25, 0},
                      {"ky", "", "", Role::signal, 2},
                      {"kx", "", "", Role::signal, 3}};
  return {"arina",
          "scan_master.h5",
          [](const std::filesystem::path& folder) {
            hdf5::FileWriter beside(folder / "scan.h5");
            {
              const hdf5::GroupWriter notes = beside.root().create_group("STEM Metadata");
              notes.set_attribute("NumPixelsX", 3);
              notes.set_attribute("NumPixelsY", 2);
              notes.set_attribute("Pixel Size", Json{0.25});
              notes.set_attribute("High Tension", Json{300000.0});
              notes.set_attribute("Camera Length", Json{0.115});
              notes.set_attribute("Magnification", Json{1.5e6});
            }
            beside.close();
            write_master(folder / "scan_master.h5", false);
            return folder / "scan_master.h5";
          },
          {Dataset::from_values<std::uint32_t>(description, frames(0, 6))}};
}

/// Frames whose scan nothing describes.
Fixture frames_alone() {
  Description description = described();
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  description.axes = {
      {"frame", "", "", Role::navigation, 4}, {"ky", "", "", Role::signal, 2}, {"kx", "", "", Role::signal, 3}};
  return {"arina",
          "frames_master.h5",
          [](const std::filesystem::path& folder) {
            write_master(folder / "frames_master.h5", true);
            return folder / "frames_master.h5";
          },
          {Dataset::from_values<std::uint32_t>(description, frames(0, 4))}};
}

}  // namespace

std::vector<Fixture> arina_fixtures() { return {scan(), frames_alone()}; }

}  // namespace ruska::io
