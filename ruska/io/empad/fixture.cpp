// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

/// Frames of 130 × 128 as stored, and what is to be read of them.
FileBytes frames(int count, std::vector<float>& values) {
  FileBytes file;
  for (int frame = 0; frame < count; ++frame) {
    for (int i = 0; i < 130 * 128; ++i) {
      const float value = static_cast<float>(frame) * 1000.0f + static_cast<float>(i) * 0.5f;
      file.little(value);
      if (i < 128 * 128) values.push_back(value);
    }
  }
  return file;
}

Axes pattern_axes(double scale, const char* units) {
  Axis axis{.quantity = quantity_of(units), .units = units, .size = 128, .scale = scale, .offset = -64 * scale};
  Axes axes{axis, axis};
  axes[0].name = "height";
  axes[1].name = "width";
  return axes;
}

Description description_of(const std::string& title, Axes axes) {
  Description description;
  description.title = title;
  description.signal_type = "electron_diffraction";
  description.axes = std::move(axes);
  set(description.metadata, "General.title", title);
  set(description.metadata, "General.date", "2019-06-06");
  set(description.metadata, "General.time", "13:30:00.164675");
  set(description.metadata, "Signal.signal_type", "electron_diffraction");
  return description;
}

Fixture scan() {
  std::vector<float> values;
  const FileBytes raw = frames(2, values);
  FileBytes header;
  header.text(
      "<root name=\"a\"><timestamp isoformat=\"2019-06-06T13:30:00.164675\"/><pix_x>1</pix_x><pix_y>2</pix_y>"
      "<raw_file filename=\"scan.raw\"/><iom_measurements><optics.get_cameralength>0.75</optics.get_cameralength>"
      "<source.get_voltage>300000.0</source.get_voltage><optics.get_full_scan_field_of_view>[4e-06, 3e-06]"
      "</optics.get_full_scan_field_of_view><calibrated_pixelsize>2e-10</calibrated_pixelsize></iom_measurements></"
      "root>");
  Axes axes = pattern_axes(2e-10 * 1e9, "1/nm");
  axes.insert(axes.begin(), {.name = "scan_y",
                             .quantity = "length",
                             .units = "µm",
                             .role = Role::navigation,
                             .size = 2,
                             .scale = 3e-6 / 2 * 1e6});
  Description description = description_of("scan", axes);
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 300.0);
  set(description.metadata, "Acquisition_instrument.TEM.camera_length", 750.0);
  return {"empad",
          "scan.xml",
          [=](const std::filesystem::path& folder) {
            raw.write(folder / "scan.raw");
            return header.write(folder / "scan.xml");
          },
          {Dataset::from_values<float>(description, values)}};
}

Fixture series() {
  std::vector<float> values;
  const FileBytes raw = frames(2, values);
  FileBytes header;
  header.text(
      "<root name=\"a\"><timestamp isoformat=\"2019-06-06T13:30:00.164675\"/><raw_file filename=\"series.raw\"/>"
      "<scan_parameters mode=\"acquire\"><series_count>2</series_count></scan_parameters></root>");
  Axes axes = pattern_axes(1, "");
  axes.insert(axes.begin(),
              {.name = "series_count", .quantity = "time", .units = "ms", .role = Role::navigation, .size = 2});
  return {"empad",
          "series.xml",
          [=](const std::filesystem::path& folder) {
            raw.write(folder / "series.raw");
            return header.write(folder / "series.xml");
          },
          {Dataset::from_values<float>(description_of("series", axes), values)}};
}

/// The header of version 1: the raster stands among the scan parameters.
Fixture version_1() {
  std::vector<float> values;
  const FileBytes raw = frames(1, values);
  FileBytes header;
  header.text(
      "<root name=\"a\"><timestamp isoformat=\"2019-06-06T13:30:00.164675\"/><raw_file filename=\"new.raw\"/>"
      "<scan_parameters mode=\"search\"><scan_resolution_x>7</scan_resolution_x><scan_resolution_y>9"
      "</scan_resolution_y></scan_parameters><scan_parameters mode=\"acquire\"><scan_resolution_x>1</scan_resolution_x>"
      "<scan_resolution_y>1</scan_resolution_y></scan_parameters><iom_measurements><high_voltage>80000</high_voltage>"
      "</iom_measurements></root>");
  Description description = description_of("new", pattern_axes(1, ""));
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 80.0);
  return {"empad",
          "new.xml",
          [=](const std::filesystem::path& folder) {
            raw.write(folder / "new.raw");
            return header.write(folder / "new.xml");
          },
          {Dataset::from_values<float>(description, values)}};
}

}  // namespace

std::vector<Fixture> empad_fixtures() { return {scan(), series(), version_1()}; }

}  // namespace ruska::io
