// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Fixture diffraction_set() {
  Description description;
  description.title = "scan";
  for (const std::int64_t size : {2, 2, 3, 4}) {
    Axis axis;
    axis.size = size;
    axis.role = description.axes.size() < 2 ? Role::navigation : Role::signal;
    axis.name = std::string(1, "yxvu"[description.axes.size()]);
    axis.units = description.axes.size() < 2 ? "nm" : "1/nm";
    axis.quantity = quantity_of(axis.units);
    axis.scale = description.axes.size() < 2 ? 0.5 : 0.125;
    axis.offset = description.axes.size() < 2 ? 0 : -0.25;
    description.axes.push_back(axis);
  }
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 300.0);
  std::vector<std::uint32_t> values(48);
  FileBytes file;
  file.text("HEADER..");
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::uint32_t>(i * i * 100000);
    file.big(values[i]);
  }
  FileBytes sidecar;
  sidecar.text(R"({"dtype": "uint32", "shape": [2, 2, 3, 4], "byte_order": "big", "offset": 8, "title": "scan",
"axes": [{"name": "y", "units": "nm", "scale": 0.5, "role": "navigation"},
         {"name": "x", "units": "nm", "scale": 0.5, "role": "navigation"},
         {"name": "v", "units": "1/nm", "scale": 0.125, "offset": -0.25, "role": "signal"},
         {"name": "u", "units": "1/nm", "scale": 0.125, "offset": -0.25, "role": "signal"}],
"metadata": {"Acquisition_instrument": {"TEM": {"beam_energy": 300.0}}}})");
  return {"raw",
          "scan.raw",
          [=](const std::filesystem::path& folder) {
            sidecar.write(folder / "scan.raw.json");
            return file.write(folder / "scan.raw");
          },
          {Dataset::from_values<std::uint32_t>(description, values)}};
}

/// The least that a sidecar needs, under its other name.
Fixture spectrum() {
  Description description;
  description.axes.resize(1);
  description.axes[0].size = 9;
  const std::vector<std::uint8_t> values{0, 1, 2, 250, 4, 5, 6, 7, 255};
  FileBytes file, sidecar;
  file.add(std::as_bytes(std::span(values)));
  sidecar.text(R"({"dtype": "uint8", "shape": [9]})");
  return {"raw",
          "spectrum.raw",
          [=](const std::filesystem::path& folder) {
            sidecar.write(folder / "spectrum.json");
            return file.write(folder / "spectrum.raw");
          },
          {Dataset::from_values<std::uint8_t>(description, values)}};
}

}  // namespace

std::vector<Fixture> raw_fixtures() { return {diffraction_set(), spectrum()}; }

}  // namespace ruska::io
