// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Delmic SPARC (.h5), as Odemis writes it: groups Acquisition0, Acquisition1 … each with an array of the axes C
// (channel or wavelength), T, Z, Y, X in ImageData, calibrated in metres and seconds by scalars or arrays
// DimensionScale, and its settings in PhysicalData. XOffset and YOffset are the centre of the area, y pointing up.
// Spectra and time traces are maps over y and x; what has neither is an image. The rendering for viewers in Preview is
// left out.
#include <algorithm>
#include <cmath>

#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"

namespace ruska::io {
namespace {

constexpr double nanometres = 1e9;

bool is_acquisition(const hdf5::Group& root, const std::string& name) {
  return name.starts_with("Acquisition") && root.has_array(name + "/ImageData/Image") &&
         root.has_group(name + "/PhysicalData");
}

Confidence probe(const Probe& file) {
  return probe_hdf5(file, {}, [](const hdf5::Group& root) {
    for (const std::string& name : root.names()) {
      if (is_acquisition(root, name) && root.has_group(name + "/SVIData")) return true;
    }
    return false;
  });
}

/// Y or X: pixels of equal width around the centre of the area.
Axis place_axis(const hdf5::Group& image, const std::string& letter, std::int64_t length, Role role) {
  Axis axis{letter, "", "", role, length};
  const auto pixel = number_in(image, "DimensionScale" + letter);
  if (!pixel || !(*pixel > 0)) return axis;
  axis.quantity = "length";
  axis.units = "nm";
  axis.scale = *pixel * nanometres * (letter == "Y" ? -1 : 1);
  const double centre = number_in(image, letter + "Offset").value_or(0) * nanometres;
  axis.offset = centre - axis.scale * static_cast<double>(length - 1) / 2;
  return axis;
}

/// C, T or Z: a scale per step, or a coordinate for each.
Axis resolved_axis(const hdf5::Group& image, const std::string& letter, std::int64_t length) {
  Axis axis;
  axis.size = length;
  axis.name = letter == "C" ? "Wavelength" : letter == "T" ? "Time" : "z";
  if (letter == "Z") axis.role = Role::navigation;
  const std::string name = "DimensionScale" + letter;
  if (!image.has_array(name)) return axis;
  const hdf5::Array scale = image.array(name);
  if (!scale.is_numeric()) return axis;
  const std::string unit = scale.text("UNIT").value_or("");
  const double factor = unit == "m" || unit == "s" ? nanometres : 1;
  axis.units = unit == "m" ? "nm" : unit == "s" ? "ns" : unit;
  axis.quantity = letter == "C" ? "wavelength" : quantity_of(axis.units);
  std::vector<double> at = scale.read_numbers();
  if (at.size() == static_cast<std::size_t>(length) && length > 1) {
    for (double& one : at) one *= factor;
    set_coordinates(axis, std::move(at));
  } else if (at.size() == 1 && at[0] != 0) {
    axis.scale = at[0] * factor;
    axis.offset = number_in(image, letter + "Offset").value_or(0) * factor;
    // The offset of the time is when the acquisition began.
    if (letter == "T") axis.offset = 0;
  } else if (at.size() != 1) {
    scale.fail(ErrorKind::bad_data,
               std::to_string(at.size()) + " coordinates for an axis of " + std::to_string(length) + " places");
  }
  return axis;
}

std::shared_ptr<const Source> read_acquisition(const hdf5::Group& group) {
  const hdf5::Group image = group.group("ImageData"), physical = group.group("PhysicalData");
  const hdf5::Array values = image.array("Image");
  const Shape& shape = values.shape();
  if (shape.size() != 5) {
    values.fail(ErrorKind::bad_data, "an image of the shape " + to_string(shape) + "; C, T, Z, Y and X are expected");
  }
  Description description;
  description.title = text_in(physical, "Title").value_or("");
  const bool spectra = shape[0] > 1, traces = shape[1] > 1;
  if (spectra) description.signal_type = "CL_SEM";
  std::vector<int> order;
  const auto add = [&](int stored, Axis axis) {
    description.axes.push_back(std::move(axis));
    order.push_back(stored);
  };
  const Role places = spectra || traces ? Role::navigation : Role::signal;
  if (shape[2] > 1) add(2, resolved_axis(image, "Z", shape[2]));
  add(3, place_axis(image, "Y", shape[3], places));
  add(4, place_axis(image, "X", shape[4], places));
  if (traces) add(1, resolved_axis(image, "T", shape[1]));
  if (spectra) add(0, resolved_axis(image, "C", shape[0]));

  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Signal.signal_type", description.signal_type);
  set(description.metadata, "Signal.quantity", "Counts");
  if (const auto start = number_in(image, "TOffset")) set_unix_time(description.metadata, *start);
  description.original = tree_of(group);
  return std::make_shared<hdf5::Hdf5Source>(std::move(description), values, std::move(order));
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  std::vector<std::shared_ptr<const Source>> signals;
  for (const std::string& name : root.names()) {
    if (is_acquisition(root, name)) signals.push_back(read_acquisition(root.group(name)));
  }
  if (signals.empty()) root.fail(ErrorKind::bad_data, "there is no group Acquisition0 with an image");
  return signals;
}

}  // namespace

const Driver& delmic_driver() {
  static const Driver driver{"delmic", "Delmic SPARC", {"h5"}, probe, open};
  return driver;
}

}  // namespace ruska::io
