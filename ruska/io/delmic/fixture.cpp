// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {
namespace {

void write_number(const hdf5::GroupWriter& group, const std::string& name, double value, const char* unit) {
  group.write_numbers(name, DType::float64, {1}, std::as_bytes(std::span(&value, 1))).set_attribute("UNIT", unit);
}

void write_acquisition(const hdf5::GroupWriter& group, const Shape& shape, const std::vector<std::uint16_t>& values,
                       const std::string& title, const std::vector<double>& wavelengths, double time_step) {
  const hdf5::GroupWriter image = group.create_group("ImageData");
  image.write_numbers("Image", DType::uint16, shape, std::as_bytes(std::span(values)));
  write_number(image, "DimensionScaleX", 0.5e-6, "m");
  write_number(image, "DimensionScaleY", 0.5e-6, "m");
  write_number(image, "XOffset", 2e-6, "m");
  write_number(image, "YOffset", 1e-6, "m");
  write_number(image, "TOffset", 1724925265.25, "s");
  if (!wavelengths.empty()) {
    image
        .write_numbers("DimensionScaleC", DType::float64, {static_cast<std::int64_t>(wavelengths.size())},
                       std::as_bytes(std::span(wavelengths)))
        .set_attribute("UNIT", "m");
  }
  if (time_step > 0) write_number(image, "DimensionScaleT", time_step, "s");
  group.create_group("PhysicalData").write_text("Title", title);
  group.create_group("SVIData");
}

Description titled(const std::string& title, const std::string& signal_type) {
  Description description;
  description.title = title;
  description.signal_type = signal_type;
  set(description.metadata, "General.title", title);
  set(description.metadata, "Signal.signal_type", signal_type);
  set(description.metadata, "Signal.quantity", "Counts");
  set(description.metadata, "General.date", "2024-08-29");
  set(description.metadata, "General.time", "09:54:25.250000");
  set(description.metadata, "General.time_zone", "UTC");
  return description;
}

/// An image, a hyperspectral map and a map of time traces.
Fixture acquisitions() {
  const std::vector<std::uint16_t> image{1, 2, 3, 4, 5, 6};
  std::vector<std::uint16_t> spectra, expected_spectra;
  for (int c = 0; c < 2; ++c) {
    for (int place = 0; place < 6; ++place) spectra.push_back(static_cast<std::uint16_t>(10 * c + place));
  }
  for (int place = 0; place < 6; ++place) {
    for (int c = 0; c < 2; ++c) expected_spectra.push_back(static_cast<std::uint16_t>(10 * c + place));
  }
  const Axis y{"Y", "length", "nm", Role::navigation, 3, -500, 1500},
      x{"X", "length", "nm", Role::navigation, 2, 500, 1750};
  Description survey = titled("survey", ""), map = titled("spectra", "CL_SEM"), traces = titled("decay", "");
  survey.axes = {y, x};
  for (Axis& axis : survey.axes) axis.role = Role::signal;
  map.axes = {y, x, {"Wavelength", "wavelength", "nm", Role::signal, 2, 2, 400}};
  traces.axes = {y, x, {"Time", "time", "ns", Role::signal, 2, 4, 0}};
  return {
      "delmic",
      "acquisitions.h5",
      [=](const std::filesystem::path& folder) {
        const auto path = folder / "acquisitions.h5";
        hdf5::FileWriter file(path);
        {
          const hdf5::GroupWriter root = file.root();
          write_acquisition(root.create_group("Acquisition0"), {1, 1, 1, 3, 2}, image, "survey", {}, 0);
          write_acquisition(root.create_group("Acquisition1"), {2, 1, 1, 3, 2}, spectra, "spectra", {400e-9, 402e-9},
                            0);
          write_acquisition(root.create_group("Acquisition2"), {1, 2, 1, 3, 2}, spectra, "decay", {}, 4e-9);
        }
        file.close();
        return path;
      },
      {Dataset::from_values<std::uint16_t>(survey, image), Dataset::from_values<std::uint16_t>(map, expected_spectra),
       Dataset::from_values<std::uint16_t>(traces, expected_spectra)}};
}

}  // namespace

std::vector<Fixture> delmic_fixtures() { return {acquisitions()}; }

}  // namespace ruska::io
