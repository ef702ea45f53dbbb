// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {
namespace {

constexpr const char* image_id = "39a4bbcd-2551-4912-9093-0eaed678dcff";
constexpr const char* series_id = "a0dba950-15bf-4a74-a81c-9cea8560c2c8";

std::string calibration(const char* letter, const char* offset, const char* scale, const char* type) {
  return std::string("<") + letter + "><Offset>" + offset + "</Offset><Scale>" + scale + "</Scale><Type><Text>" + type +
         "</Text></Type></" + letter + ">";
}

std::string document_text() {
  return std::string(
             "<?xml version='1.0' encoding='us-ascii'?>\n<Metadata Serializer=\"ProcedureDocumentSerializer\">"
             "<Id>document</Id><CreatedDateTime>05/12/2025 12:33:37</CreatedDateTime><Title>test</Title>"
             "<Specimen>gold</Specimen><ProcedureData><Item><Value><Id>") +
         image_id + "</Id><Calibration>" + calibration("X", "1E-9", "2E-9", "Position") +
         calibration("Y", "3E-9", "2E-9", "Position") + "</Calibration></Value></Item></ProcedureData></Metadata>";
}

std::string item_text(const std::string& x, const std::string& y) {
  return "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<Metadata><Calibration>" +
         calibration("X", "-0.5", "0.25", "Angle") + calibration("Y", "-0.25", "0.25", "Angle") +
         "</Calibration><Metadata><Item><Name>RequestedBeamPosition</Name><Value><X>" + x + "</X><Y>" + y +
         "</Y></Value></Item></Metadata></Metadata>";
}

Description described(const std::string& signal_type) {
  Description description;
  description.title = "document";
  description.signal_type = signal_type;
  set(description.metadata, "General.title", "document");
  set(description.metadata, "General.date", "2025-05-12");
  set(description.metadata, "General.time", "12:33:37");
  set(description.metadata, "General.notes", "Title: test\nSpecimen: gold\n");
  set(description.metadata, "Sample.description", "gold");
  set(description.metadata, "Signal.signal_type", signal_type);
  return description;
}

/// One document at the root (`nested`: in a group of its own) with an image and a scan of 2 × 2 patterns; a path that
/// is no raster leaves the patterns in their order.
Fixture session(const char* name, bool nested, bool raster) {
  const std::vector<double> pixels{1, 2, 3, 4, 5, 6};
  std::vector<float> patterns;
  for (int i = 0; i < 24; ++i) patterns.push_back(0.5f * static_cast<float>(i));
  Description image = described(""), series = described("electron_diffraction");
  image.axes = {{"y", "length", "nm", Role::signal, 2, 2, 3}, {"x", "length", "nm", Role::signal, 3, 2, 1}};
  const Axes detector{{"ky", "angle", "rad", Role::signal, 2, 0.25, -0.25},
                      {"kx", "angle", "rad", Role::signal, 3, 0.25, -0.5}};
  if (raster) {
    series.axes = {{"y", "length", "nm", Role::navigation, 2, (2.4e-8 - 2e-8) * 1e9, 20},
                   {"x", "length", "nm", Role::navigation, 2, (1.2e-8 - 1e-8) * 1e9, 10}};
  } else {
    series.axes = {{"frame", "", "", Role::navigation, 4}};
  }
  series.axes.insert(series.axes.end(), detector.begin(), detector.end());
  const std::string file_name = name;
  return {
      "topspin",
      file_name,
      [=](const std::filesystem::path& folder) {
        const auto path = folder / file_name;
        hdf5::FileWriter file(path);
        {
          const hdf5::GroupWriter root = file.root();
          root.write_text("Version", "1");
          const hdf5::GroupWriter document = nested ? root.create_group("document") : root;
          document.write_text("Metadata", document_text());
          document.write_numbers(image_id, DType::float64, {2, 3}, std::as_bytes(std::span(pixels)));
          const hdf5::GroupWriter items = document.create_group(series_id);
          for (std::size_t i = 0; i < 4; ++i) {
            const hdf5::GroupWriter item = items.create_group(std::to_string(i));
            item.write_numbers("Data", DType::float32, {2, 3}, std::as_bytes(std::span(patterns).subspan(6 * i, 6)));
            item.write_text("Metadata", raster ? item_text(i % 2 == 0 ? "1E-8" : "1.2E-8", i < 2 ? "2E-8" : "2.4E-8")
                                               : item_text("1E-8", std::to_string(i) + "E-8"));
          }
        }
        file.close();
        return path;
      },
      {Dataset::from_values<double>(image, pixels), Dataset::from_values<float>(series, patterns)}};
}

}  // namespace

std::vector<Fixture> topspin_fixtures() {
  return {session("root.app5", false, true), session("nested.app5", true, false)};
}

}  // namespace ruska::io
