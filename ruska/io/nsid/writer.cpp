// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/nsid/writer.hpp"

#include <algorithm>
#include <set>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/sink.hpp"
#include "ruska/io/kept_description.hpp"

namespace ruska::io::nsid {
namespace {

constexpr const char* unknown = "generic";
/// The version of pyNSID whose layout this is; its check wants one named.
constexpr const char* layout_version = "0.0.7";

std::string or_unknown(const std::string& text) { return text.empty() ? unknown : text; }

bool is_reciprocal(const Axis& axis) {
  return axis.units.starts_with("1/") || axis.units == "mrad" || axis.units == "rad";
}

/// sidpy's names of dimensions: by what is measured along the axis, else by its place in the signal.
std::string dimension_type(const Axis& axis, const Description& description) {
  const std::size_t navigation = description.navigation_shape().size(), signal = description.signal_shape().size();
  if (axis.quantity == "time") return "TEMPORAL";
  if (axis.quantity == "energy") return "SPECTRAL";
  if (is_reciprocal(axis)) return "RECIPROCAL";
  if (axis.role == Role::signal && signal == 1) return "SPECTRAL";
  // What two detector axes resolve at every point of a scan.
  if (axis.role == Role::signal && signal == 2 && navigation == 2) return "RECIPROCAL";
  return axis.quantity == "length" ? "SPATIAL" : "UNKNOWN";
}

/// sidpy's names of what a signal is, by how many axes it has of each kind.
std::string data_type(const Description& description) {
  const auto navigation = description.navigation_shape().size(), signal = description.signal_shape().size();
  if (signal == 1) return navigation == 0 ? "SPECTRUM" : navigation == 2 ? "SPECTRAL_IMAGE" : "UNKNOWN";
  if (signal == 2)
    return navigation == 0 ? "IMAGE" : navigation == 1 ? "IMAGE_STACK" : navigation == 2 ? "IMAGE_4D" : "UNKNOWN";
  return "UNKNOWN";
}

/// Texts alone or numbers alone, few enough for an attribute.
bool is_plain_list(const Json& value) {
  if (!value.is_array() || value.empty() || value.size() > 4096) return false;
  return std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); }) ||
         std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_number(); });
}

/// Groups hold nothing but groups and attributes: that is what sidpy reads.
void write_tree(const hdf5::GroupWriter& group, const Json& tree) {
  std::set<std::string> taken;
  for (const auto& [key, value] : tree.items()) {
    const std::string name = hdf5::link_name(key, "_");
    if (!taken.insert(name).second) continue;
    if (value.is_object()) {
      write_tree(group.create_group(name), value);
      continue;
    }
    const bool plain = value.is_string() || value.is_number() || value.is_boolean() || is_plain_list(value);
    group.set_attribute(name, plain ? value : Json(value.dump(-1, ' ', false, Json::error_handler_t::replace)));
  }
}

/// What pyTEMlib and SciFiReaders look for.
Json experiment_of(const Description& description) {
  Json experiment = Json::object();
  if (const auto energy = beam_energy(description.metadata)) experiment["acceleration_voltage"] = 1000 * *energy;
  const auto add = [&](const char* name, const char* path) {
    if (const auto value = number_at(description.metadata, path)) experiment[name] = *value;
  };
  add("convergence_angle", "Acquisition_instrument.TEM.convergence_angle");
  add("collection_angle", "Acquisition_instrument.TEM.Detector.EELS.collection_angle");
  return experiment;
}

hdf5::ArrayWriter write_signal(const hdf5::GroupWriter& root, const Description& description) {
  // No "-": pyNSID allows none in names.
  std::string title = hdf5::link_name(description.title, "nDim_Data");
  std::replace(title.begin(), title.end(), '-', '_');
  const hdf5::GroupWriter group = root.create_group("Measurement_000").create_group("Channel_000").create_group(title);
  group.set_attribute("pyNSID_version", layout_version);

  std::set<std::string> taken{title, "metadata", "original_metadata"};
  std::vector<hdf5::ArrayWriter> scales;
  std::vector<std::string> labels;
  for (const Axis& axis : description.axes) {
    std::string label = hdf5::link_name(axis.name, "axis_" + std::to_string(labels.size()));
    while (!taken.insert(label).second) label += "_";
    const std::vector<double> coordinates = coordinates_of(axis);
    const hdf5::ArrayWriter scale =
        group.write_numbers(label, DType::float64, {axis.size}, std::as_bytes(std::span(coordinates)));
    scale.set_attribute("name", label);
    scale.set_attribute("units", or_unknown(axis.units));
    scale.set_attribute("quantity", or_unknown(axis.quantity));
    scale.set_attribute("dimension_type", dimension_type(axis, description));
    scale.mark_as_scale(label);
    scales.push_back(scale);
    labels.push_back(label);
  }

  const hdf5::ArrayWriter main =
      group.create_array(title, hdf5::Element{description.dtype}, description.shape(), hdf5::chunking_for(description));
  main.set_attribute("quantity", text_at(description.metadata, "Signal.quantity").value_or(unknown));
  main.set_attribute("units", unknown);
  main.set_attribute("main_data_name", or_unknown(description.title));
  main.set_attribute("data_type", data_type(description));
  main.set_attribute("modality", or_unknown(description.signal_type));
  main.set_attribute("source", "ruska");
  main.set_attribute("pyNSID_version", layout_version);
  main.set_attribute("DIMENSION_LABELS", labels);
  main.set_attribute(kept_description_name, kept_description(description, true));
  main.attach_scales(scales);

  write_tree(group.create_group("metadata").create_group("experiment"), experiment_of(description));
  write_tree(group.create_group("original_metadata"), description.original);
  return main;
}

}  // namespace

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  if (!description.fields.empty() || description.axes.empty()) {
    throw Error(ErrorKind::unsupported, description.axes.empty()
                                            ? "a signal without axes is not written as NSID"
                                            : "pixels of several parts are not written as NSID; .hspy takes them");
  }
  return std::make_unique<hdf5::ArraySink>(
      path, description, [&](const hdf5::GroupWriter& root) { return write_signal(root, description); });
}

}  // namespace ruska::io::nsid
