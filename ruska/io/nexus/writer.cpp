// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/nexus/writer.hpp"

#include <algorithm>
#include <set>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/sink.hpp"
#include "ruska/io/kept_description.hpp"

namespace ruska::io::nexus {
namespace {

constexpr const char* class_attribute = "NX_class";

void write_list(const hdf5::GroupWriter& group, const std::string& name, const Json& list) {
  const auto all = [&](auto&& test) { return std::all_of(list.begin(), list.end(), test); };
  if (!list.empty() && all([](const Json& one) { return one.is_string(); })) {
    group.write_texts(name, list.get<std::vector<std::string>>());
  } else if (!list.empty() && all([](const Json& one) { return one.is_number(); })) {
    const auto values = list.get<std::vector<double>>();
    group.write_numbers(name, DType::float64, {static_cast<std::int64_t>(values.size())},
                        std::as_bytes(std::span(values)));
  } else {
    group.write_text(name, list.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

/// Objects as groups, entries as arrays.
void write_tree(const hdf5::GroupWriter& group, const Json& tree) {
  std::set<std::string> taken;
  for (const auto& [key, value] : tree.items()) {
    const std::string name = hdf5::link_name(key, "_");
    if (value.is_null() || !taken.insert(name).second) continue;
    const auto write_number = [&]<class T>(DType dtype, T number) {
      group.write_numbers(name, dtype, {}, std::as_bytes(std::span(&number, 1)));
    };
    if (value.is_object())
      write_tree(group.create_group(name), value);
    else if (value.is_array())
      write_list(group, name, value);
    else if (value.is_string())
      group.write_text(name, value.get<std::string>());
    else if (value.is_boolean())
      write_number(DType::uint8, static_cast<std::uint8_t>(value.get<bool>()));
    else if (value.is_number_integer())
      write_number(DType::int64, value.get<std::int64_t>());
    else
      write_number(DType::float64, value.get<double>());
  }
}

/// An axis without a name and a calibration is "." in NXdata.
bool is_bare(const Axis& axis) {
  return axis.name.empty() && axis.units.empty() && axis.values.empty() && axis.scale == 1 && axis.offset == 0;
}

hdf5::ArrayWriter write_signal(const hdf5::GroupWriter& root, const Description& description) {
  const std::string title = hdf5::link_name(description.title, "signal");
  const std::string name = title == "auxiliary" || title == "title" ? title + "_" : title;
  root.set_attribute(class_attribute, "NXroot");
  root.set_attribute("default", "entry1");
  root.set_attribute(writer_attribute, writer_name);
  const hdf5::GroupWriter entry = root.create_group("entry1");
  entry.set_attribute(class_attribute, "NXentry");
  entry.set_attribute("default", name);
  entry.write_text("title", description.title);

  const hdf5::GroupWriter auxiliary = entry.create_group("auxiliary");
  auxiliary.set_attribute(class_attribute, "NXentry");
  const auto write_collection = [&](const char* collection, const Json& tree) {
    const hdf5::GroupWriter group = auxiliary.create_group(collection);
    group.set_attribute(class_attribute, "NXcollection");
    write_tree(group, tree);
  };
  Json metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set(metadata, "Signal.signal_type", description.signal_type);
  write_collection("hyperspy_metadata", metadata);
  write_collection("original_metadata", description.original);

  const hdf5::GroupWriter data = entry.create_group(name);
  data.set_attribute(class_attribute, "NXdata");
  data.set_attribute("signal", "data");
  const std::size_t signal_axes = description.signal_shape().size();
  if (signal_axes == 1 || signal_axes == 2) {
    data.set_attribute("interpretation", signal_axes == 1 ? "spectrum" : "image");
  }
  const hdf5::ArrayWriter array =
      data.create_array("data", hdf5::Element{description.dtype}, description.shape(), hdf5::chunking_for(description));
  array.set_attribute(kept_description_name, kept_description(description, true));
  std::set<std::string> taken{"data"};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < description.axes.size(); ++i) {
    const Axis& axis = description.axes[i];
    if (is_bare(axis)) {
      names.emplace_back(".");
      continue;
    }
    std::string label = hdf5::link_name(axis.name, "axis_" + std::to_string(i));
    while (!taken.insert(label).second) label += "_";
    const std::vector<double> coordinates = coordinates_of(axis);
    const hdf5::ArrayWriter along =
        data.write_numbers(label, DType::float64, {axis.size}, std::as_bytes(std::span(coordinates)));
    if (!axis.units.empty()) along.set_attribute("units", axis.units);
    data.set_attribute(label + "_indices", i);
    names.push_back(label);
  }
  data.set_attribute("axes", names);
  return array;
}

}  // namespace

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  if (!description.fields.empty() || description.axes.empty()) {
    throw Error(ErrorKind::unsupported, description.axes.empty()
                                            ? "a signal without axes is not written as NeXus"
                                            : "pixels of several parts are not written as NeXus; .hspy takes them");
  }
  return std::make_unique<hdf5::ArraySink>(
      path, description, [&](const hdf5::GroupWriter& root) { return write_signal(root, description); });
}

}  // namespace ruska::io::nexus
