// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/dimension_scales.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {
namespace {

Description titled(const std::string& title) {
  Description description;
  description.title = title;
  set(description.metadata, "General.title", title);
  set(description.metadata, "Signal.signal_type", "");
  return description;
}

/// An image with dimension scales, a single number, an empty array and a text.
Fixture mixed() {
  const std::vector<std::uint16_t> pixels{1, 2, 3, 4, 5, 6};
  const std::vector<double> rows{0, 0.5}, columns{1, 2, 4}, voltage{200};
  Description image = titled("scan/image");
  Axis uneven{"columns", "", "", Role::signal, 3};
  set_coordinates(uneven, columns);
  image.axes = {{"rows", "length", "nm", Role::signal, 2, 0.5, 0}, uneven};
  Description row = titled("scan/rows"), column = titled("scan/columns"), number = titled("scan/voltage");
  row.axes = {{"", "", "", Role::signal, 2}};
  column.axes = {{"", "", "", Role::signal, 3}};
  number.axes = {{"", "", "", Role::signal, 1}};
  return {
      "hdf5_arrays",
      "mixed.h5",
      [=](const std::filesystem::path& folder) {
        const auto path = folder / "mixed.h5";
        hdf5::FileWriter file(path);
        {
          const hdf5::GroupWriter scan = file.root().create_group("scan", true);
          scan.write_numbers("image", DType::uint16, {2, 3}, std::as_bytes(std::span(pixels)));
          scan.write_numbers("rows", DType::float64, {2}, std::as_bytes(std::span(rows))).set_attribute("units", "nm");
          scan.write_numbers("columns", DType::float64, {3}, std::as_bytes(std::span(columns)));
          scan.write_text("comment", "no signal");
          scan.write_numbers("nothing", DType::float64, {0}, {});
          scan.write_numbers("voltage", DType::float64, {1}, std::as_bytes(std::span(voltage)));
        }
        file.close();
        attach_dimension_scales(path, "/scan/image", {"/scan/rows", "/scan/columns"});
        return path;
      },
      {Dataset::from_values<std::uint16_t>(image, pixels), Dataset::from_values<double>(row, rows),
       Dataset::from_values<double>(column, columns), Dataset::from_values<double>(number, voltage)}};
}

}  // namespace

std::vector<Fixture> hdf5_arrays_fixtures() { return {mixed()}; }

}  // namespace ruska::io
