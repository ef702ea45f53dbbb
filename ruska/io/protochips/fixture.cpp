// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Dataset signal(const std::string& title, const std::string& quantity, const std::vector<double>& times,
               const std::vector<double>& values, const Json& general) {
  Description description;
  description.title = title;
  Axis axis;
  axis.name = "Time";
  axis.units = "s";
  axis.quantity = "time";
  set_coordinates(axis, times);
  description.axes = {axis};
  description.metadata["General"] = general;
  set(description.metadata, "General.title", title);
  set(description.metadata, "Signal", Json{{"signal_type", ""}, {"quantity", quantity}});
  return Dataset::from_values<double>(description, values);
}

Fixture heating_and_biasing() {
  FileBytes file;
  file.text(
      "Time, Notes, Channel A Temperature, Channel B Current\r\n"
      "0, Calibration file = E:\\a\\AD2.cal, 25, 0\r\n0, Date (yyyy.mm.dd) = 2014.12.03, 25, 0\r\n"
      "0, Time (hh:mm:ss.ms) = 17:15:37.192, 25, 0\r\n0, Time units = Milliseconds, 25, 0\r\n"
      "0, Temperature units = Degrees C, 25, 0\r\n0, Current units = Amps, 25, 0\r\n"
      "0, User agreeing to terms = anna, 25, 0\r\n"
      "0, , 25, 0.5\r\n50, beam on, 26.5, -1e-3\r\n250, , 27, nan\r\n");
  const Json general{{"date", "2014-12-03"},
                     {"time", "17:15:37.192000"},
                     {"authors", "anna"},
                     {"notes", "Calibration file name: AD2.cal"}};
  const std::vector<double> times{0, 0.05, 0.25};
  return {"protochips",
          "heating.csv",
          [=](const std::filesystem::path& folder) { return file.write(folder / "heating.csv"); },
          {signal("Channel A Temperature (Degrees C)", "Temperature (Degrees C)", times, {25, 26.5, 27}, general),
           signal("Channel B Current (Amps)", "Current (Amps)", times,
                  {0.5, -1e-3, std::numeric_limits<double>::quiet_NaN()}, general)}};
}

Fixture without_user() {
  FileBytes file;
  file.text("Time,Notes,Pressure\n0,Time units = Seconds,1\n0,,1\n2,,3\n4,,2\n");
  return {"protochips",
          "gas.csv",
          [=](const std::filesystem::path& folder) { return file.write(folder / "gas.csv"); },
          {signal("Pressure", "Pressure", {0, 2, 4}, {1, 3, 2}, Json::object())}};
}

}  // namespace

std::vector<Fixture> protochips_fixtures() { return {heating_and_biasing(), without_user()}; }

}  // namespace ruska::io
