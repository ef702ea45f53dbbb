// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/fixtures.hpp"
#include "tests/object_references.hpp"

namespace ruska::io {
namespace {

/// One dimension of positions or steps: the index and the value at every place.
struct Dimension {
  std::string label, units;
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
};

void write_dimensions(const hdf5::GroupWriter& group, const std::string& kind, const std::vector<Dimension>& dimensions,
                      bool across) {
  const auto count = static_cast<std::int64_t>(dimensions.front().indices.size());
  const auto number = static_cast<std::int64_t>(dimensions.size());
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  std::vector<std::string> labels, units;
  for (std::int64_t i = 0; i < count * number; ++i) {
    const auto dimension = static_cast<std::size_t>(across ? i / count : i % number);
    const auto place = static_cast<std::size_t>(across ? i % count : i / number);
    indices.push_back(dimensions[dimension].indices[place]);
    values.push_back(dimensions[dimension].values[place]);
  }
  for (const Dimension& one : dimensions) {
    labels.push_back(one.label);
    units.push_back(one.units);
  }
  const Shape shape = across ? Shape{number, count} : Shape{count, number};
  for (const hdf5::ArrayWriter& array :
       {group.write_numbers(kind + "_Indices", DType::uint32, shape, std::as_bytes(std::span(indices))),
        group.write_numbers(kind + "_Values", DType::float32, shape, std::as_bytes(std::span(values)))}) {
    array.set_attribute("labels", labels);
    array.set_attribute("units", units);
  }
}

Fixture fixture(const std::string& name, const Description& description, const std::vector<float>& values,
                const Shape& folded, const std::vector<Dimension>& positions, const std::vector<Dimension>& steps) {
  return {"usid",
          name,
          [=](const std::filesystem::path& folder) {
            const auto path = folder / name;
            const std::string at = "/Measurement_000/Channel_000/";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter group = file.root().create_group("Measurement_000").create_group("Channel_000");
              const hdf5::ArrayWriter main =
                  group.write_numbers(description.title, DType::float32, folded, std::as_bytes(std::span(values)));
              main.set_attribute("quantity", "Current");
              main.set_attribute("units", "nA");
              write_dimensions(group, "Position", positions, false);
              write_dimensions(group, "Spectroscopic", steps, true);
            }
            file.close();
            attach_references(path, at + description.title,
                              {{"Position_Indices", at + "Position_Indices"},
                               {"Position_Values", at + "Position_Values"},
                               {"Spectroscopic_Indices", at + "Spectroscopic_Indices"},
                               {"Spectroscopic_Values", at + "Spectroscopic_Values"}});
            return path;
          },
          {Dataset::from_values<float>(description, values)}};
}

Description titled(const std::string& title) {
  Description description;
  description.title = title;
  set(description.metadata, "General.title", title);
  set(description.metadata, "Signal.quantity", "Current (nA)");
  return description;
}

std::vector<float> numbers(int count) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) values.push_back(static_cast<float>(i) / 4);
  return values;
}

/// Loops of a bias at every point of a raster; x is the first dimension and the fastest, and so is the bias.
Fixture loops() {
  Description description = titled("Raw_Data");
  description.axes = {axis("Y", "µm", Role::navigation, 2, 2, 1), axis("X", "nm", Role::navigation, 3, 0.5, 0),
                      axis("Cycle", "", Role::signal, 2, 1, 0), axis("Bias", "V", Role::signal, 4, 1, 0)};
  set_coordinates(description.axes[3], {-1, 0, 1, 2.5});
  return fixture(
      "loops.h5", description, numbers(48), {6, 8},
      {{"X", "nm", {0, 1, 2, 0, 1, 2}, {0, 0.5, 1, 0, 0.5, 1}}, {"Y", "um", {0, 0, 0, 1, 1, 1}, {1, 1, 1, 3, 3, 3}}},
      {{"Bias", "V", {0, 1, 2, 3, 0, 1, 2, 3}, {-1, 0, 1, 2.5, -1, 0, 1, 2.5}},
       {"Cycle", "", {0, 0, 0, 0, 1, 1, 1, 1}, {0, 0, 0, 0, 1, 1, 1, 1}}});
}

/// An image: one step.
Fixture image() {
  Description description = titled("Raw_Data");
  description.axes = {axis("Y", "m", Role::signal, 2, 1, 0), axis("X", "m", Role::signal, 2, 1, 0)};
  return fixture("image.h5", description, numbers(4), {4, 1},
                 {{"Y", "m", {0, 0, 1, 1}, {0, 0, 1, 1}}, {"X", "m", {0, 1, 0, 1}, {0, 1, 0, 1}}},
                 {{"arb.", "a.u.", {0}, {0}}});
}

/// Spectra along a path that is no raster.
Fixture path() {
  Description description = titled("Spectra");
  description.axes = {axis("position", "", Role::navigation, 3, 1, 0), axis("Time", "s", Role::signal, 2, 0.25, 1)};
  return fixture("path.h5", description, numbers(6), {3, 2},
                 {{"X", "nm", {0, 1, 1}, {0, 1, 1}}, {"Y", "nm", {0, 0, 1}, {0, 0, 1}}},
                 {{"Time", "s", {0, 1}, {1, 1.25}}});
}

}  // namespace

std::vector<Fixture> usid_fixtures() { return {loops(), image(), path()}; }

}  // namespace ruska::io
