// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// HDF5 files of no layout that another driver knows: every array of numbers with one value or more is a signal, named
// by its path. What the axes mean is not known, so all are signal axes; HDF5's own dimension scales calibrate them
// where they are attached.
#include <map>

#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

const Driver& hdf5_arrays_driver();

namespace {

bool is_signal(const hdf5::Array& array) {
  if (!array.is_numeric()) return false;
  for (const std::int64_t length : array.shape()) {
    if (length == 0) return false;
  }
  return true;
}

/// Content where no other driver claims an HDF5 file, so that formats with a meaning always come first.
Confidence probe(const Probe& file) {
  if (!hdf5::has_signature(file.head)) return Confidence::none;
  for (const Driver* other : drivers()) {
    if (other != &hdf5_arrays_driver() && other->probe(file) != Confidence::none) return Confidence::none;
  }
  return probe_hdf5(file, {"h5", "hdf5", "hdf"}, [](const hdf5::Group& root) {
    bool found = false;
    for_each_array(root, [&](const std::string&, const hdf5::Group& parent, const std::string& name) {
      found = found || is_signal(parent.array(name));
    });
    return found;
  });
}

/// Names of arrays by the addresses that references hold.
using Names = std::map<std::uint64_t, std::string>;

/// Names and coordinates from the dimension scales, where there is exactly one for each axis.
void calibrate(const hdf5::Group& parent, const hdf5::Array& array, const Names& names, Axes& axes) {
  if (!array.has_attribute("DIMENSION_LIST")) return;
  const std::vector<std::uint64_t> scales = array.references("DIMENSION_LIST");
  if (scales.size() != axes.size()) return;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto name = names.find(scales[i]);
    if (name == names.end()) continue;
    const hdf5::Array scale = parent.array_at(scales[i]);
    if (!scale.is_numeric() || scale.shape() != Shape{axes[i].size} || is_complex(scale.element().dtype) ||
        !scale.element().fields.empty()) {
      continue;
    }
    axes[i].name = name->second;
    axes[i].units = scale.text("units").value_or("");
    axes[i].quantity = quantity_of(axes[i].units);
    set_coordinates(axes[i], scale.read_numbers());
  }
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  std::vector<std::shared_ptr<const Source>> signals;
  std::string refused;
  Names names;
  for_each_array(root, [&](const std::string&, const hdf5::Group& parent, const std::string& name) {
    names.try_emplace(parent.array(name).address(), name);
  });
  for_each_array(root, [&](const std::string& at, const hdf5::Group& parent, const std::string& name) {
    const hdf5::Array array = parent.array(name);
    if (!is_signal(array)) return;
    Description description;
    description.title = at;
    set(description.metadata, "General.title", at);
    set(description.metadata, "Signal.signal_type", "");
    for (const std::int64_t length : array.shape()) description.axes.push_back({"", "", "", Role::signal, length});
    calibrate(parent, array, names, description.axes);
    description.original["attributes"] = attributes_of(array);
    try {
      signals.push_back(std::make_shared<hdf5::Hdf5Source>(std::move(description), array));
    } catch (const Error& error) {
      // An array in an unknown compression leaves the others readable.
      if (error.kind() != ErrorKind::unsupported) throw;
      refused = error.what();
    }
  });
  if (signals.empty()) {
    root.fail(ErrorKind::unsupported, refused.empty() ? "the file holds no array of numbers" : refused);
  }
  return signals;
}

}  // namespace

const Driver& hdf5_arrays_driver() {
  static const Driver driver{"hdf5_arrays", "HDF5 of any layout", {"h5", "hdf5"}, probe, open};
  return driver;
}

}  // namespace ruska::io
