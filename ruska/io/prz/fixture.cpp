// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/fixtures.hpp"
#include "tests/npy_preamble.hpp"
#include "tests/zip_file.hpp"

namespace ruska::io {

namespace {

/// A NumPy array of one text of ASCII characters and "µ" (as the byte b5).
FileBytes text_array(std::string_view text, bool big_endian) {
  FileBytes file = npy_preamble(1, std::string("{'descr': '") + (big_endian ? ">" : "<") + "U" +
                                       std::to_string(text.size() + 2) + "', 'fortran_order': False, 'shape': (), }");
  for (const char c : std::string(text) + std::string(2, '\0')) {
    const auto code = static_cast<std::uint32_t>(static_cast<unsigned char>(c));
    if (big_endian) {
      file.big(code);
    } else {
      file.little(code);
    }
  }
  return file;
}

Fixture fixture(std::string name, const ZipFile& zip, Dataset expected) {
  const FileBytes file = zip.finished();
  return {"prz",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {std::move(expected)}};
}

/// A scanned image with calibration; what is not known of its axes follows from the rank.
Fixture image() {
  Description description;
  description.title = "O µ";
  description.axes = {axis("Y", "m", Role::signal, 2, 1e-9, 3e-10), axis("X", "m", Role::signal, 3, 0.5, 0)};
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set(metadata, "General.date", "2021-03-04");
  set(metadata, "General.time", "05:06:07");
  set(metadata, "Acquisition_instrument.TEM",
      Json{{"beam_energy", 200.5},
           {"convergence_angle", 21.5},
           {"acquisition_mode", "STEM"},
           {"magnification", 1e7},
           {"camera_length", 20.0}});
  const std::vector<std::uint16_t> values{1, 2, 3, 40000, 5, 6};
  FileBytes data = npy_preamble(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }");
  for (const std::uint16_t value : values) data.little(value);
  ZipFile zip;
  zip.add("data.npy", data.bytes(), false);
  zip.add("meta_data_json.npy",
          text_array("[{\"repo_id\": \"O \xb5.0\", \"type\": \"2D\", \"electron_gun.voltage\": 200000, "
                     "\"electron_gun.voltage_offset\": 500.0, \"condenser.convergence_semi_angle\": 0.0215, "
                     "\"source.type\": \"scan_generator\", \"scan_driver.magnification\": 10000000, "
                     "\"projector.camera_length\": 0.02, \"acquisition.time\": \"2021-03-04T05:06:07.89\", "
                     "\"device.calib\": [{\"value\": 0.5, \"unit\": \"m\"}, {\"value\": 1e-10, \"unit\": \"m\", "
                     "\"offset\": 3.0, \"pixel_factor\": 10.0}]}]",
                     false)
              .bytes(),
          true);
  return fixture("image.prz", zip, Dataset::from_values<std::uint16_t>(description, values));
}

/// Spectra of a line, energy first and falling, with a counting axis of length 1.
Fixture spectra() {
  Description description;
  description.title = "line";
  description.signal_type = "EELS";
  description.axes = {axis("ScanX", "m", Role::navigation, 2, 2, 0), axis("Energy", "eV", Role::signal, 3, 0.5, 9)};
  Json& metadata = description.metadata;
  set(metadata, "General.title", "line");
  set(metadata, "Signal.signal_type", "EELS");
  set(metadata, "Acquisition_instrument.TEM.Detector.EELS.collection_angle", 30.0);
  FileBytes data = npy_preamble(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 2), }");
  for (const float value : {0.0F, 1.0F, 2.0F, 3.0F, 4.0F, 5.0F}) data.little(value);
  ZipFile zip;
  zip.add("data.npy", data.bytes(), true);
  zip.add("meta_data_json.npy",
          text_array("[{\"repo_id\": \"line\", \"filter.mode\": \"EELS\", \"filter.collection_semi_angle\": 0.03, "
                     "\"content.types\": [\"ScanX\", \"Energy\", \"Index\"], \"device.calib\": [{\"value\": 2, "
                     "\"unit\": \"m\", \"offset\": 0}, {\"value\": 0.5, \"unit\": \"eV\", \"offset\": -20}, null]}]",
                     true)
              .bytes(),
          false);
  return fixture("spectra.prz", zip, Dataset::from_values<float>(description, std::vector<float>{4, 2, 0, 5, 3, 1}));
}

/// From before the metadata were JSON.
Fixture pickled() {
  Description description;
  description.axes = {axis("Index", "", Role::navigation, 2, 1, 0), axis("Y", "", Role::signal, 1, 1, 0),
                      axis("X", "", Role::signal, 2, 1, 0)};
  set(description.metadata, "General.title", "");
  FileBytes data = npy_preamble(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 1, 2), }");
  const std::vector<std::int64_t> values{7, -8, 9, 10};
  for (const std::int64_t value : values) data.little(value);
  ZipFile zip;
  zip.add("data.npy", data.bytes(), false);
  zip.add("meta_data.npy", npy_preamble(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }").bytes(), false);
  return fixture("pickled.prz", zip, Dataset::from_values<std::int64_t>(description, values));
}

}  // namespace

std::vector<Fixture> prz_fixtures() { return {image(), spectra(), pickled()}; }

}  // namespace ruska::io
