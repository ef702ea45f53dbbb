// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hspy/metadata_tree.hpp"

#include <algorithm>
#include <set>

#include "ruska/core/metadata.hpp"
#include "ruska/io/hyperspy_names.hpp"

namespace ruska::io::hspy {
namespace {

constexpr int deepest = 64;
class Reader {
 public:
  Json read(const hdf5::Group& group) {
    if (!inside_.insert(group.address()).second || inside_.size() > deepest) {
      group.fail(ErrorKind::bad_data, "the groups of this tree contain one another or nest too deep");
    }
    Json tree = Json::object();
    for (const std::string& name : group.attribute_names()) {
      hyperspy::add_attribute(tree, name, group.attribute(name));
    }
    for (const std::string& name : group.names()) read_member(group, name, tree);
    inside_.erase(group.address());
    return tree;
  }

 private:
  void read_member(const hdf5::Group& group, const std::string& name, Json& tree) {
    switch (group.kind(name)) {
      case hdf5::Kind::array: hyperspy::add_array(tree, name, group.array(name).value()); return;
      case hdf5::Kind::group: hyperspy::add_group(tree, name, read(group.group(name))); return;
      default: return;
    }
  }

  std::set<std::uint64_t> inside_;
};

std::string member_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '-');
  if (name.empty() || name == "." || name == "..") name = "_" + name;
  return name;
}

void write_entry(const hdf5::GroupWriter& group, const std::string& name, const Json& value);

void write_list(const hdf5::GroupWriter& group, const std::string& name, const Json& list) {
  const auto all = [&](auto&& test) { return std::all_of(list.begin(), list.end(), test); };
  if (list.empty()) {
    group.set_attribute("_list_empty_" + name, hyperspy::nothing);
  } else if (all([](const Json& item) { return item.is_string(); })) {
    group.write_texts(member_name("_list_" + name), list.get<std::vector<std::string>>());
  } else if (all([](const Json& item) { return item.is_number_integer() && !item.is_number_unsigned(); }) ||
             all([](const Json& item) {
               return item.is_number_unsigned() && item.get<std::uint64_t>() <= std::uint64_t{INT64_MAX};
             })) {
    const auto values = list.get<std::vector<std::int64_t>>();
    group.write_numbers(member_name("_list_" + name), DType::int64, {static_cast<std::int64_t>(values.size())},
                        std::as_bytes(std::span(values)));
  } else if (all([](const Json& item) { return item.is_number(); })) {
    const auto values = list.get<std::vector<double>>();
    group.write_numbers(member_name("_list_" + name), DType::float64, {static_cast<std::int64_t>(values.size())},
                        std::as_bytes(std::span(values)));
  } else {
    const hdf5::GroupWriter members =
        group.create_group(member_name("_list_" + std::to_string(list.size()) + "_" + name));
    // HyperSpy orders the members as texts.
    const std::size_t digits = std::to_string(list.size() - 1).size();
    for (std::size_t i = 0; i < list.size(); ++i) {
      std::string place = std::to_string(i);
      place.insert(0, digits - place.size(), '0');
      write_entry(members, place, list[i]);
    }
  }
}

void write_entry(const hdf5::GroupWriter& group, const std::string& name, const Json& value) {
  if (value.is_object())
    write_tree(group.create_group(member_name(name)), value);
  else if (value.is_array())
    write_list(group, name, value);
  else if (value.is_null())
    group.set_attribute(name, hyperspy::nothing);
  else
    group.set_attribute(name, value);
}

/// Moves the entry at one dotted path to another, unless something is there.
void move_entry(Json& tree, std::string_view from, std::string_view to) {
  const Json* value = find(tree, from);
  if (value == nullptr) return;
  if (find(tree, to) == nullptr) set(tree, to, Json(*value));
  const std::size_t dot = from.rfind('.');
  Json& parent = dot == std::string_view::npos ? tree : const_cast<Json&>(*find(tree, from.substr(0, dot)));
  parent.erase(std::string(dot == std::string_view::npos ? from : from.substr(dot + 1)));
}

}  // namespace

Json read_tree(const hdf5::Group& group) { return Reader().read(group); }

void write_tree(const hdf5::GroupWriter& group, const Json& tree) {
  for (const auto& [name, value] : tree.items()) write_entry(group, name.empty() ? "_" : name, value);
}

Json modernised(Json tree) {
  move_entry(tree, "name", "title");
  for (const char* key : {"title", "date", "time", "original_filename"}) {
    move_entry(tree, key, std::string("General.") + key);
  }
  move_entry(tree, "signal", "signal_type");
  for (const char* key : {"signal_type", "record_by", "signal_origin"}) {
    move_entry(tree, key, std::string("Signal.") + key);
  }
  move_entry(tree, "_internal_parameters", "_HyperSpy");
  move_entry(tree, "Sample.Xray_lines", "Sample.xray_lines");
  for (const std::string kind : {"TEM", "SEM"}) {
    const std::string at = "Acquisition_instrument." + kind;
    move_entry(tree, kind, at);
    for (const std::string detector : {"EELS", "EDS"}) {
      move_entry(tree, at + "." + detector, at + ".Detector." + detector);
    }
    if (find(tree, at + ".Detector.EELS") != nullptr) {
      for (const std::string key : {"dwell_time", "dwell_time_units", "exposure", "exposure_units"}) {
        move_entry(tree, at + "." + key, at + ".Detector.EELS." + key);
      }
    }
    move_entry(tree, at + ".tilt_stage", at + ".Stage.tilt_alpha");
    move_entry(tree, at + ".Detector.EDS.tilt_stage", at + ".Stage.tilt_alpha");
    move_entry(tree, at + ".exposure_time", at + ".Detector.Camera.exposure");
  }
  return tree;
}

}  // namespace ruska::io::hspy
