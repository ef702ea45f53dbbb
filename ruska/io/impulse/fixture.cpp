// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

template <class T>
Dataset signal(const std::string& title, const std::vector<T>& values, const Json& general) {
  Description description;
  description.title = title;
  Axis axis;
  axis.name = "Time";
  axis.units = "s";
  axis.quantity = "time";
  set_coordinates(axis, {7.5, 8, 9});
  description.axes = {axis};
  description.metadata["General"] = general;
  set(description.metadata, "General.title", title);
  set(description.metadata, "Signal", Json{{"signal_type", ""}, {"quantity", title}});
  return Dataset::from_values<T>(description, values);
}

Fixture gas_cell() {
  FileBytes table, header;
  table.text(
      "TimeStamp,Experiment time,Temperature Measured (degC),MixValve,% Gas2 Measured\n"
      "13:40:26.849,7.5,9.25,0; 0; 0,0\n13:40:27.350,8,11.5,1; -1; 0,5\n13:40:27.863,9,13,0; 0; 2,-7\n");
  header.text(
      "Experiment date, 06-08-2021\nExperiment time, 13:40:19\nSample, \"Gold\"\nLive notes, 13:46:46: one\n"
      "13:46:52: two\n");
  const Json general{{"date", "06-08-2021"}, {"time", "13:40:19"}};
  const auto write = [=](const std::filesystem::path& folder) {
    header.write(folder / "Stub_Metadata.log");
    return table.write(folder / "Stub_Synchronized data.csv");
  };
  return {"impulse",
          "Stub_Synchronized data.csv",
          write,
          {signal<double>("Temperature Measured (degC)", {9.25, 11.5, 13}, general),
           signal<std::int32_t>("MixValve", {222, 312, 224}, general),
           signal<std::int64_t>("% Gas2 Measured", {0, 5, -7}, general)}};
}

Fixture table_alone() {
  FileBytes table;
  table.text("TimeStamp,Experiment time,Pin\r\n1,7.5,1\r\n2,8,\r\n3,9,2.5\r\n");
  return {"impulse",
          "alone_raw.csv",
          [=](const std::filesystem::path& folder) { return table.write(folder / "alone_raw.csv"); },
          {signal<double>("Pin", {1, std::numeric_limits<double>::quiet_NaN(), 2.5}, Json::object())}};
}

}  // namespace

std::vector<Fixture> impulse_fixtures() { return {gas_cell(), table_alone()}; }

}  // namespace ruska::io
