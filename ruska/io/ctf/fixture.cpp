// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

/// A map of 1 x 2 positions.
Fixture map() {
  Description description;
  description.axes = {axis("y", "µm", Role::navigation, 1, 0.25), axis("x", "µm", Role::navigation, 2, 0.5),
                      axis("", "", Role::signal, 11, 1)};
  description.fields = {"Phase", "X", "Y", "Bands", "Error", "Euler1", "Euler2", "Euler3", "MAD", "BC", "BS"};
  FileBytes file;
  file.text(
      "Channel Text File\r\nPrj\tC:\\map.cpr\r\nJobMode\tGrid\r\nXCells\t2\r\nYCells\t1\r\nXStep\t0.5\r\n"
      "YStep\t0.25\r\nAcqE1\t0\r\nPhases\t1\r\n3.6150;3.6150;3.6150\t90;90;90\tCopper\t11\t225\r\n"
      "Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS\r\n"
      "1\t0.0000\t0.0000\t6\t0\t233.79\t35.66\t90.16\t0.0700\t43\t50\r\n"
      "1\t0.5\t0\t6\t0\t-3.5\t35\t90\t0.19\t53\t4\r\n");
  const std::vector<double> values{1, 0,   0, 6, 0, 233.79, 35.66, 90.16, 0.07, 43, 50,
                                   1, 0.5, 0, 6, 0, -3.5,   35,    90,    0.19, 53, 4};
  return {"ctf",
          "map.ctf",
          [=](const std::filesystem::path& folder) { return file.write(folder / "map.ctf"); },
          {Dataset::from_values<double>(description, values)}};
}

}  // namespace

std::vector<Fixture> ctf_fixtures() { return {map()}; }

}  // namespace ruska::io
