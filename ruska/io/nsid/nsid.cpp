// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// N-dimensional spectral and imaging data (.hf5), as pyNSID and sidpy write it: an array with the attributes data_type,
// quantity, units and main_data_name whose axes are HDF5 dimension scales with name, units and dimension_type, beside
// groups of attributes in which readers left what they knew of the file (metadata, original_metadata).
//
// Spectral and reciprocal dimensions are signal axes and the rest navigation axes; without any, spatial ones are
// signal.
#include <algorithm>
#include <numeric>

#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"
#include "ruska/io/kept_description.hpp"
#include "ruska/io/nsid/writer.hpp"
#include "ruska/io/pycroscopy_units.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {
namespace {

bool is_main(const hdf5::Array& array) {
  return array.has_attribute("main_data_name") && array.has_attribute("data_type") &&
         array.has_attribute("DIMENSION_LIST") && array.is_numeric();
}

Confidence probe(const Probe& file) {
  return probe_hdf5(file, {"hf5"}, [](const hdf5::Group& root) {
    // Every writer makes Measurement_000 first; looking through all of other files would take long.
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

struct Dimension {
  Axis axis;
  std::string type;  // SPATIAL, SPECTRAL, RECIPROCAL, TEMPORAL, FRAME, CHANNEL, UNKNOWN …
};

std::vector<Dimension> read_dimensions(const hdf5::Group& parent, const hdf5::Array& array) {
  const std::vector<std::uint64_t> scales = array.references("DIMENSION_LIST");
  const Shape& shape = array.shape();
  if (scales.size() != shape.size()) {
    array.fail(ErrorKind::bad_data, std::to_string(scales.size()) + " dimension scales for " +
                                        std::to_string(shape.size()) + " axes; one for each is expected");
  }
  std::vector<Dimension> dimensions;
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const hdf5::Array scale = parent.array_at(scales[i]);
    Dimension one;
    one.axis.name = scale.text("name").value_or("");
    one.axis.units = pycroscopy_units(scale.text("units").value_or(""));
    one.axis.quantity = quantity_of(one.axis.units);
    one.axis.size = shape[i];
    one.type = scale.text("dimension_type").value_or("");
    if (scale.is_numeric() && scale.shape().size() == 1) {
      if (scale.shape()[0] != shape[i]) {
        scale.fail(ErrorKind::bad_data, std::to_string(scale.shape()[0]) + " coordinates for an axis of " +
                                            std::to_string(shape[i]) + " places");
      }
      set_coordinates(one.axis, scale.read_numbers());
    }
    dimensions.push_back(std::move(one));
  }
  return dimensions;
}

bool is_resolved(const Dimension& dimension) { return dimension.type == "SPECTRAL" || dimension.type == "RECIPROCAL"; }

std::shared_ptr<const Source> read_main(const hdf5::Group& parent, const hdf5::Array& array) {
  Description description;
  description.title = array.text("main_data_name").value_or("");
  std::vector<Dimension> dimensions = read_dimensions(parent, array);
  const bool resolved = std::any_of(dimensions.begin(), dimensions.end(), is_resolved);
  std::vector<int> order;
  for (const Role role : {Role::navigation, Role::signal}) {
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
      Dimension& one = dimensions[i];
      // Single numbers along something unknown are a signal of their own.
      const bool signal = resolved ? is_resolved(one) : one.type == "SPATIAL" || dimensions.size() == 1;
      one.axis.role = signal ? Role::signal : Role::navigation;
      if (one.axis.role != role) continue;
      description.axes.push_back(one.axis);
      order.push_back(static_cast<int>(i));
      if (one.axis.quantity == "energy" && lower_case(one.axis.name).find("loss") != std::string::npos) {
        description.signal_type = "EELS";
      }
    }
  }
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Signal.signal_type", description.signal_type);
  const std::string quantity = array.text("quantity").value_or(""), units = array.text("units").value_or("");
  if (!quantity.empty()) {
    set(description.metadata, "Signal.quantity", units.empty() ? quantity : quantity + " (" + units + ")");
  }
  description.original["main"] = attributes_of(array);
  for (const char* name : {"metadata", "original_metadata"}) {
    if (parent.has_group(name)) description.original[name] = tree_of(parent.group(name));
  }
  if (parent.has_group("metadata/experiment")) {
    const hdf5::Group experiment = parent.group("metadata/experiment");
    const std::string tem = "Acquisition_instrument.TEM.";
    if (const auto volts = experiment.number("acceleration_voltage"); volts && *volts > 0) {
      set(description.metadata, tem + "beam_energy", *volts / 1000);
    }
    if (const auto angle = experiment.number("convergence_angle"); angle && *angle > 0) {
      set(description.metadata, tem + "convergence_angle", *angle);
    }
    if (const auto angle = experiment.number("collection_angle");
        angle && *angle > 0 && description.signal_type == "EELS") {
      set(description.metadata, tem + "Detector.EELS.collection_angle", *angle);
    }
  }
  if (const auto kept = array.text(kept_description_name)) {
    restore_description(*kept, description);
    std::iota(order.begin(), order.end(), 0);  // the array has these axes in this order
  }
  return std::make_shared<hdf5::Hdf5Source>(std::move(description), array, std::move(order));
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  std::vector<std::shared_ptr<const Source>> signals;
  for_each_array(root, [&](const std::string&, const hdf5::Group& parent, const std::string& name) {
    const hdf5::Array array = parent.array(name);
    if (is_main(array)) signals.push_back(read_main(parent, array));
  });
  if (signals.empty()) root.fail(ErrorKind::bad_data, "there is no array with the attribute 'main_data_name'");
  return signals;
}

}  // namespace

const Driver& nsid_driver() {
  static const Driver driver{"nsid", "NSID", {"hf5", "h5"}, probe, open, nsid::create, nullptr, nullptr, {"hf5"}};
  return driver;
}

}  // namespace ruska::io
