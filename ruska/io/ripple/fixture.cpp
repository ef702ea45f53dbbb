// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

/// Spectra of a map, with names, units and the instrument, behind four bytes that do not belong to it.
Fixture map_of_spectra() {
  Description description;
  description.title = "Map";
  description.signal_type = "EDS_SEM";
  description.axes = {axis("y", "nm", Role::navigation, 2, 0.5, 1.5), axis("x", "nm", Role::navigation, 3, 0.25, 0),
                      axis("Energy", "eV", Role::signal, 4, 10, -20)};
  set(description.metadata, "General.title", "Map");
  set(description.metadata, "General.date", "2020-02-03");
  set(description.metadata, "Signal.signal_type", "EDS_SEM");
  set(description.metadata, "Acquisition_instrument.SEM.beam_energy", 15.0);
  set(description.metadata, "Acquisition_instrument.SEM.Detector.EDS.live_time", 2.5);
  std::vector<std::int16_t> values(24);
  FileBytes file;
  file.text("\xff\xff\xff\xff");
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::int16_t>(1000 * static_cast<int>(i) - 12000);
    file.big(values[i]);
  }
  FileBytes header;
  header.text(
      "; a comment\r\nkey\tvalue\r\nlive-time\t2.5\r\nbeam-energy\t15\r\ndate\t2020-02-03\r\ntitle\tMap\r\n"
      "signal\tEDS_SEM\r\ndepth\t4\r\ndepth-name\tEnergy\r\ndepth-units\teV\r\ndepth-scale\t10\r\n"
      "depth-origin\t-20\r\nheight\t2\r\nheight-name\ty\r\nheight-units\tnm\r\nheight-scale\t0.5\r\n"
      "height-origin\t1.5\r\nwidth\t3\r\nwidth-name\tx\r\nwidth-units\tnm\r\nwidth-scale\t0.25\r\n"
      "offset\t4\r\nrecord-by\tvector\r\ndata-type\tsigned\r\ndata-length\t2\r\nbyte-order\tbig-endian\r\n");
  return {"ripple",
          "map.rpl",
          [=](const std::filesystem::path& folder) {
            file.write(folder / "map.raw");
            return header.write(folder / "map.rpl");
          },
          {Dataset::from_values<std::int16_t>(description, values)}};
}

/// A stack of images with the least that a header needs; opened through its values.
Fixture stack_of_images() {
  Description description;
  description.axes = {axis("depth", "", Role::navigation, 2, 1, 0), axis("height", "", Role::signal, 3, 1, 0),
                      axis("width", "", Role::signal, 5, 1, 0)};
  std::vector<float> values(30);
  FileBytes file;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i) / 8;
    file.little(values[i]);
  }
  FileBytes header;
  header.text(
      "key\tvalue\nwidth\t5\nheight\t3\ndepth\t2\noffset\t0\nrecord-by\timage\ndata-type\tfloat\ndata-length\t4\n"
      "byte-order\tlittle-endian\n");
  return {"ripple",
          "stack.raw",
          [=](const std::filesystem::path& folder) {
            header.write(folder / "stack.rpl");
            return file.write(folder / "stack.raw");
          },
          {Dataset::from_values<float>(description, values)}};
}

}  // namespace

std::vector<Fixture> ripple_fixtures() { return {map_of_spectra(), stack_of_images()}; }

}  // namespace ruska::io
