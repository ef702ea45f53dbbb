// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Universal spectroscopy and imaging data (.h5), as pyUSID and pycroscopy write them (Somnath et al., Adv. Struct.
// Chem. Imaging 5 (2019) 3): a main array of positions × spectroscopic steps whose attributes refer to four others,
// Position_Indices and Position_Values (positions × dimensions), Spectroscopic_Indices and Spectroscopic_Values
// (dimensions × steps), with the dimensions' labels and units.
//
// The indices say how rows and columns unfold: a dimension whose index changes least often is the slowest. Where they
// are no full raster, positions or steps stay one axis. Positions are navigation axes and steps signal axes; where
// there is but one step, positions are signal axes. Dimensions of one place are dropped.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"
#include "ruska/io/pycroscopy_units.hpp"
#include "ruska/io/usid/unfolded.hpp"

namespace ruska::io {
namespace {

constexpr const char* references[] = {"Position_Indices", "Position_Values", "Spectroscopic_Indices",
                                      "Spectroscopic_Values"};
constexpr std::size_t most_dimensions = 32;

bool is_main(const hdf5::Array& array) {
  return array.shape().size() == 2 && array.is_numeric() &&
         std::all_of(std::begin(references), std::end(references),
                     [&](const char* name) { return array.has_attribute(name); });
}

Confidence probe(const Probe& file) {
  // The files have no extension of their own.
  return probe_hdf5(file, {}, [](const hdf5::Group& root) {
    const std::vector<std::string> names = root.names();
    bool found = false;
    if (std::none_of(names.begin(), names.end(), [](const auto& name) { return name.starts_with("Measurement_"); })) {
      return found;
    }
    for_each_array(root, [&](const std::string&, const hdf5::Group& parent, const std::string& name) {
      found = found || is_main(parent.array(name));
    });
    return found;
  });
}

hdf5::Array referenced(const hdf5::Group& parent, const hdf5::Array& main, const char* name) {
  const std::vector<std::uint64_t> found = main.references(name);
  if (found.size() != 1) main.fail(ErrorKind::bad_data, "'" + std::string(name) + "' does not refer to one array");
  return parent.array_at(found[0]);
}

std::vector<std::string> texts_in(const hdf5::Array& array, const char* name, std::size_t count) {
  std::vector<std::string> texts;
  const Json value = array.attribute(name);
  if (value.is_string()) texts.push_back(value.get<std::string>());
  if (value.is_array()) {
    for (const Json& one : value) texts.push_back(one.is_string() ? one.get<std::string>() : "");
  }
  texts.resize(count);
  return texts;
}

/// Indices and values of `count` places along each dimension.
struct Dimensions {
  std::vector<std::vector<double>> indices, values;
  std::vector<std::string> labels, units;
};

Dimensions read_dimensions(const hdf5::Array& indices, const hdf5::Array& values, std::int64_t count, bool across) {
  const Shape& shape = indices.shape();
  const std::size_t along = across ? 1 : 0;
  if (shape.size() != 2 || shape[along] != count || values.shape() != shape ||
      shape[1 - along] > static_cast<std::int64_t>(most_dimensions)) {
    indices.fail(ErrorKind::bad_data, "indices of the shape " + to_string(shape) + " and values of " +
                                          to_string(values.shape()) + " for " + std::to_string(count) + " places");
  }
  const auto dimensions = static_cast<std::size_t>(shape[1 - along]), places = static_cast<std::size_t>(count);
  const auto by_dimension = [&](const std::vector<double>& all) {
    std::vector<std::vector<double>> parted(dimensions, std::vector<double>(places));
    for (std::size_t d = 0; d < dimensions; ++d) {
      for (std::size_t i = 0; i < places; ++i) parted[d][i] = across ? all[d * places + i] : all[i * dimensions + d];
    }
    return parted;
  };
  Dimensions read{by_dimension(indices.read_numbers()), by_dimension(values.read_numbers()),
                  texts_in(values, "labels", dimensions), texts_in(values, "units", dimensions)};
  return read;
}

/// Slowest first: by how often the index changes from one place to the next.
std::vector<std::size_t> slowest_first(const Dimensions& dimensions) {
  std::vector<std::int64_t> changes;
  for (const auto& indices : dimensions.indices) {
    std::int64_t count = 0;
    for (std::size_t i = 1; i < indices.size(); ++i) count += indices[i] != indices[i - 1];
    changes.push_back(count);
  }
  std::vector<std::size_t> order(changes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return changes[a] < changes[b]; });
  return order;
}

/// The axes that the places unfold to, those of one place too; one axis where they are no full raster.
Axes axes_of(const Dimensions& dimensions, std::int64_t count, Role role, const std::string& otherwise) {
  const std::vector<std::size_t> order = slowest_first(dimensions);
  Axes axes;
  std::int64_t stride = count;
  bool raster = count > 0;
  for (std::size_t place = 0; raster && place < order.size(); ++place) {
    const std::vector<double>& indices = dimensions.indices[order[place]];
    const auto [least, greatest] = std::minmax_element(indices.begin(), indices.end());
    const double length = *greatest - *least + 1;
    raster = length >= 1 && length <= static_cast<double>(stride) && length == std::floor(length) &&
             stride % static_cast<std::int64_t>(length) == 0;
    if (!raster) break;
    Axis axis{.name = dimensions.labels[order[place]], .role = role, .size = static_cast<std::int64_t>(length)};
    axis.units = pycroscopy_units(dimensions.units[order[place]]);
    axis.quantity = quantity_of(axis.units);
    stride /= axis.size;
    std::vector<double> coordinates(static_cast<std::size_t>(axis.size));
    for (std::size_t i = 0; raster && i < indices.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i) / stride % axis.size;
      raster = indices[i] - *least == static_cast<double>(at);
      if (i < static_cast<std::size_t>(stride * axis.size) && static_cast<std::int64_t>(i) % stride == 0) {
        coordinates[static_cast<std::size_t>(at)] = dimensions.values[order[place]][i];
      }
    }
    if (raster) set_coordinates(axis, std::move(coordinates));
    axes.push_back(std::move(axis));
  }
  if (raster && stride == 1) return axes;
  return {{.name = otherwise, .role = role, .size = count}};
}

Axes of_more_than_one_place(Axes axes) {
  std::erase_if(axes, [](const Axis& axis) { return axis.size == 1; });
  return axes;
}

std::shared_ptr<const Source> read_main(const hdf5::Group& parent, const std::string& name, const hdf5::Array& main) {
  const auto dimensions = [&](const char* indices, const char* values, std::int64_t count, bool across) {
    return read_dimensions(referenced(parent, main, indices), referenced(parent, main, values), count, across);
  };
  const std::int64_t positions = main.shape()[0], steps = main.shape()[1];
  if (!main.element().fields.empty()) {
    main.fail(ErrorKind::unsupported, "values that are structures of several numbers");
  }
  Axes rows =
      axes_of(dimensions(references[0], references[1], positions, false), positions, Role::navigation, "position");
  Axes columns = axes_of(dimensions(references[2], references[3], steps, true), steps, Role::signal, "step");
  rows = of_more_than_one_place(std::move(rows));
  columns = of_more_than_one_place(std::move(columns));
  if (columns.empty()) {
    for (Axis& axis : rows) axis.role = Role::signal;
  }

  Description description;
  const std::string quantity = main.text("quantity").value_or(""), units = main.text("units").value_or("");
  description.title = name;
  set(description.metadata, "General.title", description.title);
  if (!quantity.empty()) {
    set(description.metadata, "Signal.quantity", units.empty() ? quantity : quantity + " (" + units + ")");
  }
  description.original["main"] = attributes_of(main);
  description.original["group"] = attributes_of(parent);
  description.axes = {{.name = "position", .role = Role::navigation, .size = positions},
                      {.name = "step", .role = Role::signal, .size = steps}};
  auto stored = std::make_shared<hdf5::Hdf5Source>(std::move(description), main);
  return usid::unfolded(std::move(stored), rows, columns);
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  std::vector<std::shared_ptr<const Source>> signals;
  for_each_array(root, [&](const std::string&, const hdf5::Group& parent, const std::string& name) {
    const hdf5::Array array = parent.array(name);
    if (is_main(array)) signals.push_back(read_main(parent, name, array));
  });
  if (signals.empty()) {
    root.fail(ErrorKind::bad_data, "there is no array of positions and steps with the attribute 'Position_Indices'");
  }
  return signals;
}

}  // namespace

const Driver& usid_driver() {
  static const Driver driver{"usid", "USID", {"h5"}, probe, open};
  return driver;
}

}  // namespace ruska::io
