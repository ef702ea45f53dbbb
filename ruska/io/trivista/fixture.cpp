// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

std::string item(const std::string& name, const std::string& value) {
  return "&lt;Item&gt;&lt;Name&gt;" + name + "&lt;/Name&gt;&lt;Value&gt;" + value + "&lt;/Value&gt;&lt;/Item&gt;";
}
std::string group(const std::string& name, const std::string& items, const std::string& groups = "") {
  return "&lt;Group&gt;&lt;Name&gt;" + name + "&lt;/Name&gt;&lt;Items&gt;" + items + "&lt;/Items&gt;&lt;Groups&gt;" +
         groups + "&lt;/Groups&gt;&lt;/Group&gt;";
}

std::string document(const std::string& groups, const std::string& frames) {
  return "<Document Label=\"Intensity\" DataLabel=\"Counts\" RecordTime=\"09/29/2016 12:57:45.518\" "
         "InfoSerialized=\"&lt;?xml version=&quot;1.0&quot; encoding=&quot;utf-16&quot;?&gt;&lt;Info&gt;&lt;Groups"
         "&gt;" +
         groups +
         "&lt;/Groups&gt;&lt;/Info&gt;\"><xDim Length=\"3\"><Calibration Unit=\"Nanometer\" "
         "ValueArray=\"3|891.5|892|893\"/></xDim><Data DataType=\"Double\">" +
         frames + "</Data></Document>";
}

FileBytes file_of(const std::string& documents) {
  FileBytes file;
  file.text(
      "\xef\xbb\xbf<!--TriVista-File. (c) S&I GmbH -->\r\n<XmlMain Version=\"1.0.1\"><Hardware>"
      "<Detector Name=\"Camera1\"/></Hardware><Documents Count=\"1\">" +
      documents + "</Documents></XmlMain>");
  return file;
}

Axis wavelength() {
  Axis axis;
  axis.name = "Wavelength";
  axis.units = "nm";
  axis.quantity = "length";
  set_coordinates(axis, {891.5, 892, 893});
  return axis;
}

Json general(const std::string& title) {
  return Json{{"General", {{"title", title}, {"date", "2016-09-29"}, {"time", "12:57:45"}}},
              {"Signal", {{"signal_type", ""}, {"quantity", "Intensity (Counts)"}}}};
}

Fixture map() {
  const std::string groups =
      group("X-Axis", item("From", "-0.5") + item("Step", "0.25") + item("Points", "2")) +
      group("Y-Axis", item("From", "1") + item("Step", "2") + item("Points", "1")) +
      group("Detector", item("Exposure_Time_(ms)", "500") + item("Detector_Temperature", "-100")) +
      group("Spectrometers", "", group("Spectrometer", item("Model", "SP-2") + item("Groove_Density", "750 g/mm")));
  const FileBytes file = file_of(document(groups,
                                          "<Frame yDim=\"1\" TimeStamp=\"5\">1;2.5;3</Frame>\r\n"
                                          "<Frame yDim=\"1\" TimeStamp=\"6\">4;-5;6e1</Frame>"));
  Description description;
  description.title = "map";
  Axis y, x;
  y.name = "Y";
  x.name = "X";
  y.units = x.units = "µm";
  y.quantity = x.quantity = "length";
  y.role = x.role = Role::navigation;
  y.size = 1;
  y.offset = 1;
  y.scale = 2;
  x.size = 2;
  x.offset = -0.5;
  x.scale = 0.25;
  description.axes = {y, x, wavelength()};
  description.metadata = general("map");
  set(description.metadata, "Acquisition_instrument",
      Json{{"Detector", {{"temperature", -100.0}, {"exposure_per_frame", 0.5}}},
           {"Spectrometer", {{"Grating", {{"groove_density", 750.0}}}, {"model", "SP-2"}}}});
  return {"trivista",
          "map.tvf",
          [=](const std::filesystem::path& folder) { return file.write(folder / "map.tvf"); },
          {Dataset::from_values<double>(description, std::vector<double>{1, 2.5, 3, 4, -5, 60})}};
}

/// Two documents: a series in time and a single spectrum.
Fixture series() {
  const FileBytes file = file_of(document("",
                                          "<Frame TimeStamp=\"10000000\">1;2;3</Frame><Frame TimeStamp=\"15000000\">"
                                          "4;5;6</Frame><Frame TimeStamp=\"30000000\">7;8;9</Frame>") +
                                 document("", "<Frame TimeStamp=\"1\">3;2;1</Frame>"));
  Description times;
  times.title = "series";
  Axis axis;
  axis.name = "Time";
  axis.units = "s";
  axis.quantity = "time";
  axis.role = Role::navigation;
  set_coordinates(axis, {0, 5000000 * 1e-7, 20000000 * 1e-7});
  times.axes = {axis, wavelength()};
  times.metadata = general("series");
  Description single = times;
  single.axes = {wavelength()};
  return {"trivista",
          "series.tvf",
          [=](const std::filesystem::path& folder) { return file.write(folder / "series.tvf"); },
          {Dataset::from_values<double>(times, std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9}),
           Dataset::from_values<double>(single, std::vector<double>{3, 2, 1})}};
}

}  // namespace

std::vector<Fixture> trivista_fixtures() { return {map(), series()}; }

}  // namespace ruska::io
