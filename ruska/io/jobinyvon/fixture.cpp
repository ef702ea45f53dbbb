// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

std::string element(const std::string& id, const std::string& content) {
  return "<LSX ID=\"" + id + "\">" + content + "</LSX>\n";
}

std::string axis_element(const std::string& id, const std::string& label, const std::string& units,
                         const std::string& coordinates) {
  return element(id, element("0x7D6CD4DB", coordinates) + element("0x6D707974", label) + element("0x7C696E75", units));
}

std::string parameter(const std::string& name, const std::string& text, const std::string& number = "") {
  return element("0x1", element("0x6D6D616E", name) + element("0x7D6C61DB", text) +
                            (number.empty() ? "" : element("0x8736F70", number)));
}

std::string document(const std::string& title, const std::string& axes, const std::string& parameters,
                     const std::string& rows) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LSX_Data>\n<LSX_Tree>\n" + title +
         element("0x7A74D9D6", element("0x7B697861", axis_element("0x0", "Intens", "Cnt/sec", "") + axes)) +
         element("0x6C62D4D9", element("0x8716361", parameters)) + "</LSX_Tree>\n<LSX_Matrix>\n" + rows +
         "</LSX_Matrix>\n</LSX_Data>\n";
}

Axis axis(const std::string& name, const std::string& units, const std::string& quantity, Role role,
          std::vector<double> coordinates) {
  Axis one;
  one.name = name;
  one.units = units;
  one.quantity = quantity;
  one.role = role;
  set_coordinates(one, std::move(coordinates));
  return one;
}

Fixture fixture(const std::string& name, const std::string& text, const Description& description,
                const std::vector<double>& values) {
  FileBytes file;
  file.text(text);
  return {"jobinyvon",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<double>(description, values)}};
}

/// The wavelengths run downwards.
Fixture map() {
  const std::string text = document(
      element("0x6C7469D9", "grain"),
      axis_element("0x1", "Spectr", "nm", "705 702 700") + axis_element("0x2", "X", "µm", "-2 2") +
          axis_element("0x3", "Y", "µm", "1"),
      parameter("Acquired", "19.08.2022 09:30:34") + parameter("Laser (nm)", "633 ", "632.5") +
          parameter("ND Filter", "50%", "50") + parameter("Acq. time (s)", "2") + parameter("Accumulations", "3") +
          parameter("Remark", "PL") + parameter("Sample", "GaN") + parameter("Detector", "Symphony"),
      "<LSX_Row>\n3 2\n1.5 </LSX_Row>\n<LSX_Row>-6 5 4e1</LSX_Row>\n");
  Description description;
  description.title = "grain";
  description.axes = {axis("Y", "µm", "length", Role::navigation, {1}),
                      axis("X", "µm", "length", Role::navigation, {-2, 2}),
                      axis("Wavelength", "nm", "length", Role::signal, {700, 702, 705})};
  Json& metadata = description.metadata;
  set(metadata, "General", Json{{"title", "grain"}, {"date", "2022-08-19"}, {"time", "09:30:34"}, {"notes", "PL"}});
  set(metadata, "Sample.description", "GaN");
  set(metadata, "Signal", Json{{"signal_type", ""}, {"quantity", "Intensity (Counts/s)"}});
  set(metadata, "Acquisition_instrument.Laser", Json{{"wavelength", 632.5}, {"Filter", {{"optical_density", 0.5}}}});
  set(metadata, "Acquisition_instrument.Detector",
      Json{{"model", "Symphony"}, {"exposure_per_frame", 2.0}, {"frames", 3.0}, {"integration_time", 6.0}});
  return fixture("map.xml", text, description, {1.5, 2, 3, 40, 5, -6});
}

Fixture spectrum() {
  const std::string text =
      document("", axis_element("0x1", "Spectr", "1/cm", "100 110 120 130"), "", "<LSX_Row>1 2 3 4</LSX_Row>\n");
  Description description;
  description.title = "spectrum";
  description.axes = {axis("Raman Shift", "1/cm", "", Role::signal, {100, 110, 120, 130})};
  set(description.metadata, "General.title", "spectrum");
  set(description.metadata, "Signal", Json{{"signal_type", ""}, {"quantity", "Intensity (Counts/s)"}});
  return fixture("spectrum.xml", text, description, {1, 2, 3, 4});
}

}  // namespace

std::vector<Fixture> jobinyvon_fixtures() { return {map(), spectrum()}; }

}  // namespace ruska::io
