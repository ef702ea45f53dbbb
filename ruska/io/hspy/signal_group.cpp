// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hspy/signal_group.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/core/metadata.hpp"
#include "ruska/io/hdf5/sink.hpp"
#include "ruska/io/hspy/metadata_tree.hpp"
#include "ruska/io/hyperspy_names.hpp"

namespace ruska::io::hspy {
namespace {

constexpr const char* unnamed = "__unnamed__";

std::string text_or_empty(const hdf5::Group& group, const std::string& name) {
  return hyperspy::plain_text(group.text(name).value_or(""));
}

/// What the old files say instead of a role per axis: how many of the last axes are signal.
int signal_axes(const Json& metadata, int axes) {
  const std::string record_by = text_at(metadata, "Signal.record_by").value_or("");
  if (record_by == "spectrum") return std::min(1, axes);
  if (record_by == "image") return std::min(2, axes);
  return axes;
}

Axis read_axis(const hdf5::Group& group, std::int64_t length, Role without_role) {
  Axis axis;
  axis.name = text_or_empty(group, "name");
  axis.units = text_or_empty(group, "units");
  axis.quantity = quantity_of(axis.units);
  axis.size = length;
  const auto navigate = group.number("navigate");
  axis.role = !navigate ? without_role : *navigate != 0 ? Role::navigation : Role::signal;
  if (group.has_array("axis")) {
    axis.values = group.array("axis").read_numbers();
    if (axis.values.size() != static_cast<std::size_t>(length)) {
      group.fail(ErrorKind::bad_data,
                 std::to_string(axis.values.size()) + " coordinates for " + std::to_string(length) + " places");
    }
    if (!axis.values.empty()) axis.offset = axis.values.front();
    if (axis.values.size() > 1) {
      axis.scale = (axis.values.back() - axis.values.front()) / static_cast<double>(axis.values.size() - 1);
    }
    return axis;
  }
  if (group.has_attribute("expression")) {
    group.fail(ErrorKind::unsupported, "an axis given by the expression '" + text_or_empty(group, "expression") +
                                           "' is not supported; save it as a table of coordinates");
  }
  axis.scale = group.number("scale").value_or(1.0);
  axis.offset = group.number("offset").value_or(0.0);
  if (!std::isfinite(axis.scale) || !std::isfinite(axis.offset)) {
    group.fail(ErrorKind::bad_data, "the axis has a scale or offset that is not finite");
  }
  return axis;
}

/// The group of one axis, in either of the two layouts that HyperSpy writes.
hdf5::Group axis_group(const hdf5::Group& group, std::size_t index, std::size_t rank) {
  const std::string own = "axis-" + std::to_string(index);
  if (group.has_group(own)) return group.group(own);
  const std::string listed = "_list_" + std::to_string(rank) + "_axes";
  if (group.has_group(listed) && group.group(listed).has_group(std::to_string(index))) {
    return group.group(listed).group(std::to_string(index));
  }
  group.fail(ErrorKind::bad_data,
             "there is no group '" + own + "' for one of the " + std::to_string(rank) + " axes of the data");
}

Json tree_at(const hdf5::Group& group, const char* name, const char* old_name) {
  for (const char* one : {name, old_name}) {
    if (group.has_group(one)) return read_tree(group.group(one));
  }
  return Json::object();
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_binned(const Description& description, const Axis& axis) {
  return axis.role == Role::signal &&
         (description.signal_type.starts_with("EDS") || description.signal_type == "EELS") &&
         description.signal_shape().size() == 1;
}

}  // namespace

std::shared_ptr<const Source> read_signal(const hdf5::Group& group) {
  if (!group.has_array("data")) group.fail(ErrorKind::bad_data, "an array 'data' was expected here");
  if (group.kind("ragged_shapes") != hdf5::Kind::none) {
    group.fail(ErrorKind::unsupported, "ragged signals are not supported");
  }
  hdf5::Array data = group.array("data");
  Description description;
  description.metadata = modernised(tree_at(group, "metadata", "mapped_parameters"));
  description.original = tree_at(group, "original_metadata", "original_parameters");
  description.title = text_at(description.metadata, "General.title").value_or(last_name(group.path()));
  if (description.title == unnamed) description.title.clear();
  description.signal_type = text_at(description.metadata, "Signal.signal_type").value_or("");

  const std::size_t rank = data.shape().size();
  const auto navigation = static_cast<int>(rank) - signal_axes(description.metadata, static_cast<int>(rank));
  std::vector<int> order;
  std::vector<Axis> stored;
  for (std::size_t i = 0; i < rank; ++i) {
    const Role role = static_cast<int>(i) < navigation ? Role::navigation : Role::signal;
    stored.push_back(read_axis(axis_group(group, i, rank), data.shape()[i], role));
  }
  for (const Role role : {Role::navigation, Role::signal}) {
    for (std::size_t i = 0; i < rank; ++i) {
      if (stored[i].role != role) continue;
      description.axes.push_back(stored[i]);
      order.push_back(static_cast<int>(i));
    }
  }
  return std::make_shared<hdf5::Hdf5Source>(std::move(description), std::move(data), std::move(order));
}

hdf5::GroupWriter create_experiments(const hdf5::GroupWriter& root) {
  root.set_attribute("file_format", "HyperSpy");
  root.set_attribute("file_format_version", "3.1");
  return root.create_group("Experiments", true);
}

hdf5::ArrayWriter create_signal(const hdf5::GroupWriter& parent, const std::string& name,
                                const Description& description) {
  Axes axes = description.axes;
  if (!description.fields.empty()) axes.pop_back();
  if (axes.empty()) {
    throw Error(ErrorKind::unsupported, "'" + description.title +
                                            "' has no axis; HyperSpy files hold signals with one "
                                            "or more");
  }
  const hdf5::GroupWriter group = parent.create_group(hdf5::link_name(name, unnamed));

  Shape shape;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const Axis& axis = axes[i];
    shape.push_back(axis.size);
    const hdf5::GroupWriter at = group.create_group("axis-" + std::to_string(i));
    if (!axis.name.empty()) at.set_attribute("name", axis.name);
    if (!axis.units.empty()) at.set_attribute("units", axis.units);
    at.set_attribute("navigate", axis.role == Role::navigation);
    at.set_attribute("is_binned", is_binned(description, axis));
    if (axis.values.empty()) {
      at.set_attribute("_type", "UniformDataAxis");
      at.set_attribute("size", axis.size);
      at.set_attribute("scale", axis.scale);
      at.set_attribute("offset", axis.offset);
    } else {
      at.set_attribute("_type", "DataAxis");
      at.write_numbers("axis", DType::float64, {axis.size}, std::as_bytes(std::span(axis.values)));
    }
  }
  Json metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set(metadata, "Signal.signal_type", description.signal_type);
  write_tree(group.create_group("metadata"), metadata);
  write_tree(group.create_group("original_metadata"), description.original);

  const hdf5::Element element{description.dtype, description.fields};
  return group.create_array("data", element, shape, hdf5::chunking_for(description));
}

void write_values(const hdf5::ArrayWriter& array, const Description& description, const Region& region,
                  std::span<const std::byte> values) {
  if (description.fields.empty()) {
    array.write(region, values);
    return;
  }
  const auto fields = static_cast<std::int64_t>(description.fields.size());
  if (region.start.back() != 0 || region.shape.back() != fields) {
    throw Error(ErrorKind::invalid_argument, "pixels of several parts must be written whole");
  }
  Region pixels = region;
  pixels.start.pop_back();
  pixels.shape.pop_back();
  array.write(pixels, values);
}

}  // namespace ruska::io::hspy
