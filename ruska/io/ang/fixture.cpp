// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Fixture fixture(std::string name, std::string_view text, const Description& description,
                const std::vector<double>& values) {
  FileBytes file;
  file.text(text);
  return {"ang",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<double>(description, values)}};
}

/// A square grid with the usual eight columns.
Fixture square_grid() {
  Description description;
  description.axes = {axis("y", "µm", Role::navigation, 2, 0.5), axis("x", "µm", Role::navigation, 2, 1.5),
                      axis("", "", Role::signal, 8, 1)};
  description.fields = {"euler1", "euler2", "euler3", "x", "y", "image_quality", "confidence_index", "phase"};
  return fixture("square.ang",
                 "# TEM_PIXperUM          1.000000\n# Phase 1\n# GRID: SqrGrid\n# XSTEP:  1.500000\n# YSTEP: 0.5\n"
                 "# NCOLS_ODD:   2\n# NCOLS_EVEN:   2\n# NROWS:   2\n#\n# OPERATOR:   H\xe5kon\n#\n"
                 "3.54788 0.67696 2.98719 0.00000 0.00000 24.4 0.799 2\n  2.5 0.9 4.0 1.5 0.0 24.0 0.797 1\n"
                 "2.5 -0.9 4.0 0.0 0.5 3.2e1 0.5 1\r\n2.5 0.9 4.0 1.5 0.5 24.0 1 0\n",
                 description, {3.54788, 0.67696, 2.98719, 0, 0,   24.4, 0.799, 2, 2.5, 0.9, 4, 1.5, 0,   24, 0.797, 1,
                               2.5,     -0.9,    4,       0, 0.5, 32,   0.5,   1, 2.5, 0.9, 4, 1.5, 0.5, 24, 1,     0});
}

/// A hexagonal grid, whose positions stay a list, with names of its own for the first columns.
Fixture hexagonal_grid() {
  Description description;
  description.axes = {axis("position", "", Role::navigation, 3, 1), axis("", "", Role::signal, 9, 1)};
  description.fields = {"phi1 [radians]", "PHI [radians]", "column 3", "column 4", "column 5",
                        "column 6",       "column 7",      "column 8", "column 9"};
  return fixture("hexagonal.ang",
                 "# HEADER: Start\n# TEM_PIXperUM 1\n# GRID: HexGrid\n# XSTEP: 1\n# NCOLS_ODD: 2\n# NCOLS_EVEN: 1\n"
                 "# NROWS: 2\n# COLUMN_HEADERS: phi1 [radians], PHI [radians]\n# HEADER: End\n"
                 "1 2 3 0 0 4 5 1 7\n1 2 3 1 0 4 5 1 8\n1 2 3 0.5 1 4 5 1 9",
                 description, {1, 2, 3, 0, 0, 4, 5, 1, 7, 1, 2, 3, 1, 0, 4, 5, 1, 8, 1, 2, 3, 0.5, 1, 4, 5, 1, 9});
}

}  // namespace

std::vector<Fixture> ang_fixtures() { return {square_grid(), hexagonal_grid()}; }

}  // namespace ruska::io
