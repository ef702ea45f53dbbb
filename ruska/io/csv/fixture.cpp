// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

Description column(const std::string& title, const std::string& quantity, Axis along) {
  Description description;
  description.title = title;
  set(description.metadata, "General.title", title);
  if (!quantity.empty()) set(description.metadata, "Signal.quantity", quantity);
  description.axes = {std::move(along)};
  return description;
}

Fixture fixture(std::string name, std::string_view text, std::vector<Dataset> expected) {
  FileBytes file;
  file.text(text);
  return {"csv", name, [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          std::move(expected)};
}

/// Two spectra over one energy axis; whole numbers, gaps, quotes, a remark and lines of Windows.
Fixture spectra() {
  const Axis energy = axis("energy", "keV", Role::signal, 3, 0.01, 0.1);
  const std::vector<std::int64_t> counts{3, -4, 5};
  const std::vector<double> background{0.5, std::numeric_limits<double>::quiet_NaN(), 1e-3};
  return fixture("spectra.csv",
                 "# exported\r\nenergy [keV],\"counts, \"\"raw\"\"\",background [1/s]\r\n0.1,3,0.5\r\n\r\n0.11,-4,\r\n"
                 "0.12,5,1e-3\r\n",
                 {Dataset::from_values<std::int64_t>(column("counts, \"raw\"", "", energy), counts),
                  Dataset::from_values<double>(column("background", "background (1/s)", energy), background)});
}

/// Labels at positions, the first column no axis: every column by itself, and the table.
Fixture labels() {
  const Axis row = axis("row", "", Role::signal, 3);
  const std::vector<double> x{1.5, 0.5, 2};
  const std::vector<std::uint64_t> hash{18446744073709551615U, 0, 1};
  const std::vector<std::int64_t> label{1, 2, 1};
  Description table = column("table", "", axis("row", "", Role::navigation, 3));
  table.axes.push_back(axis("", "", Role::signal, 3));
  table.fields = {"x", "hash", "label"};
  const std::vector<double> all{1.5, 18446744073709551615.0, 1, 0.5, 0, 2, 2, 1, 1};
  return fixture(
      "labels.csv", "x [nm];hash;label\n1.5;18446744073709551615;1\n0.5;0;2\n2;1;1\n",
      {Dataset::from_values<double>(column("x", "x (nm)", row), x),
       Dataset::from_values<std::uint64_t>(column("hash", "", row), hash),
       Dataset::from_values<std::int64_t>(column("label", "", row), label), Dataset::from_values<double>(table, all)});
}

}  // namespace

std::vector<Fixture> csv_fixtures() { return {spectra(), labels()}; }

}  // namespace ruska::io
