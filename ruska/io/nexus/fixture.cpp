// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/written_fixture.hpp"

namespace ruska::io {

const Driver& nexus_driver();
namespace {

Description titled(const std::string& title) {
  Description description;
  description.title = title;
  set(description.metadata, "General.title", title);
  return description;
}

hdf5::ArrayWriter write_coordinates(const hdf5::GroupWriter& group, const std::string& name,
                                    const std::vector<double>& at) {
  return group.write_numbers(name, DType::float64, {static_cast<std::int64_t>(at.size())},
                             std::as_bytes(std::span(at)));
}

/// A spectrum image as HyperSpy writes it, its metadata tree beside; bin edges instead of centres along x.
Fixture spectrum_image() {
  std::vector<std::int32_t> values;
  for (int i = 0; i < 24; ++i) values.push_back(i - 5);
  const std::vector<double> y{1, 3}, x{0, 2, 4, 6}, energy{0.1, 0.2, 0.4, 0.5};
  Description description = titled("rocks");
  description.signal_type = "EDS_TEM";
  description.metadata = Json::object();
  set(description.metadata, "General.title", "rocks");
  set(description.metadata, "Signal.signal_type", "EDS_TEM");
  description.axes = {{"y", "length", "nm", Role::navigation, 2, 2, 1},
                      {"x", "length", "nm", Role::navigation, 3, 2, 1},
                      {"energy", "energy", "keV", Role::signal, 4}};
  set_coordinates(description.axes[2], energy);
  Description others[3] = {titled("entry1_rocks_energy"), titled("entry1_rocks_x"), titled("entry1_rocks_y")};
  others[0].axes = {{"", "", "", Role::signal, 4}};
  others[1].axes = {{"", "", "", Role::signal, 4}};
  others[2].axes = {{"", "", "", Role::signal, 2}};
  return {"nexus",
          "rocks.nxs",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "rocks.nxs";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter entry = file.root().create_group("entry1");
              entry.set_attribute("NX_class", "NXentry");
              const hdf5::GroupWriter data = entry.create_group("rocks");
              data.set_attribute("NX_class", "NXdata");
              data.set_attribute("signal", "counts");
              data.set_attribute("axes", Json{"energy", "x", "y"});
              data.set_attribute("energy_indices", 2);
              data.set_attribute("x_indices", 1);
              data.set_attribute("y_indices", 0);
              data.set_attribute("interpretation", "spectrum");
              data.write_numbers("counts", DType::int32, {2, 3, 4}, std::as_bytes(std::span(values)));
              write_coordinates(data, "energy", energy).set_attribute("units", "keV");
              write_coordinates(data, "x", x).set_attribute("units", "nm");
              write_coordinates(data, "y", y).set_attribute("units", "nm");
              const hdf5::GroupWriter kept = entry.create_group("auxiliary").create_group("hyperspy_metadata");
              kept.create_group("Signal").write_text("signal_type", "EDS_TEM");
              kept.create_group("General").write_text("title", "rocks");
            }
            file.close();
            return path;
          },
          {Dataset::from_values<std::int32_t>(description, values), Dataset::from_values<double>(others[0], energy),
           Dataset::from_values<double>(others[1], x), Dataset::from_values<double>(others[2], y)}};
}

/// Roles from what is calibrated; one text that names the axes; the array marked as before 2014; a plain image.
Fixture older() {
  std::vector<double> values;
  for (int i = 0; i < 6; ++i) values.push_back(0.25 * i);
  Description line = titled("line"), image = titled("picture"), coordinates = titled("entry_line_place");
  line.axes = {{"place", "", "", Role::navigation, 2, 0.5, 1}, {"", "", "", Role::signal, 3}};
  image.axes = {{"", "", "", Role::signal, 2}, {"", "", "", Role::signal, 3}};
  coordinates.axes = {{"", "", "", Role::signal, 2}};
  const std::vector<double> places{1, 1.5};
  return {"nexus",
          "older.nx",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "older.nx";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter entry = file.root().create_group("entry");
              entry.set_attribute("NX_class", "NXentry");
              const hdf5::GroupWriter first = entry.create_group("line");
              first.set_attribute("NX_class", "NXdata");
              const hdf5::ArrayWriter marked =
                  first.write_numbers("counts", DType::float64, {2, 3}, std::as_bytes(std::span(values)));
              marked.set_attribute("signal", 1);
              marked.set_attribute("axes", "place:.");
              write_coordinates(first, "place", places);
              const hdf5::GroupWriter second = entry.create_group("picture");
              second.set_attribute("NX_class", "NXdata");
              second.set_attribute("signal", "data");
              second.set_attribute("interpretation", "image");
              second.write_numbers("data", DType::float64, {2, 3}, std::as_bytes(std::span(values)));
            }
            file.close();
            return path;
          },
          {Dataset::from_values<double>(line, values), Dataset::from_values<double>(image, values),
           Dataset::from_values<double>(coordinates, places)}};
}

}  // namespace

std::vector<Fixture> nexus_fixtures() {
  return {spectrum_image(), older(), written_fixture(nexus_driver(), "kept.nxs", fully_described_map())};
}

}  // namespace ruska::io
