// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Fixture log(const std::string& name, const std::string& before, const std::string& rows,
            const std::vector<double>& times, const std::vector<double>& values) {
  FileBytes file;
  file.text(before +
            "16/04/'15 13:53\tDigiheater 3.1\r\nR0 = 282.7\ta =  0.0\tb = 0.225\tc = 278.2\r\n"
            "Tsample = 330 [ms]  \r\nsample\ttime\tTset[C]\tTmeas[C]\tRheat[ohm]\tc\r\n" +
            rows);
  Description description;
  Axis axis;
  axis.name = "Time";
  axis.units = "s";
  axis.quantity = "time";
  set_coordinates(axis, times);
  description.axes = {axis};
  set(description.metadata, "General", Json{{"date", "2015-04-16"}, {"time", "13:53:00"}});
  set(description.metadata, "Signal", Json{{"signal_type", ""}, {"quantity", "Temperature (Celsius)"}});
  return {"dens",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<double>(description, values)}};
}

}  // namespace

std::vector<Fixture> dens_fixtures() {
  return {log("midnight.dens", "\r\n",
              "1\t23:59:58.5\t23\t15.25\t281\t278\tnorm\r\n2\t23:59:59\t23\t16\t282\t278\tnorm\r\n"
              "3\t0:00:01\t50\t-3e1\t281\t278\tfine\r\n",
              {86398.5, 86399, 86401}, {15.25, 16, -30}),
          log("seconds.dens", "", "1\t2\t23\t15\t1\t1\n2\t4\t23\t16\t1\t1\n", {2, 4}, {15, 16})};
}

}  // namespace ruska::io
