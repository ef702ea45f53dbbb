// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Oxford Instruments AZtec (.h5oina), versions 1 to 8 ("Oxford Instruments NanoAnalysis HDF5 File Specification",
// github.com/oinanoanalysis/h5oina). A slice holds techniques (EDS, EBSD, Electron Image …), each with a Header, which
// gives columns, rows and steps in µm, and Data, arrays with one row per pixel. Every such array is a signal: spectra
// over energy, patterns over the detector, single values per pixel as images.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/folded_axis.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"

namespace ruska::io {
namespace {

constexpr double degrees = 180 / std::numbers::pi;

Confidence probe(const Probe& file) {
  return probe_hdf5(file, {"h5oina"}, [](const hdf5::Group& root) {
    return root.has_array("Format Version") && root.has_array("Index") &&
           text_in(root, "Manufacturer").value_or("").starts_with("Oxford Instruments");
  });
}

/// Where the pixels of a technique lie.
struct Raster {
  std::int64_t rows = 0, columns = 0;
  double row_step = 0, column_step = 0;  // µm
  bool is_line() const { return rows == 1 && row_step == 0; }
};

Raster read_raster(const hdf5::Group& header) {
  Raster raster;
  const auto cells = [&](const char* name) {
    const auto value = number_in(header, name);
    if (!value || !(*value >= 1 && *value <= 1e9)) {
      header.fail(ErrorKind::bad_data, std::string("'") + name + "' is " +
                                           (value ? std::to_string(*value) : "not there") + "; 1 to 1e9 are expected");
    }
    return static_cast<std::int64_t>(*value);
  };
  raster.rows = cells("Y Cells");
  raster.columns = cells("X Cells");
  raster.row_step = number_in(header, "Y Step").value_or(0);
  raster.column_step = number_in(header, "X Step").value_or(0);
  return raster;
}

Axis place_axis(const char* name, std::int64_t size, double step, Role role) {
  Axis axis{name, "", "", role, size};
  if (step > 0) {
    axis.quantity = "length";
    axis.units = "µm";
    axis.scale = step;
  }
  return axis;
}

Json metadata_of(const hdf5::Group& header, const std::string& title, const std::string& signal_type) {
  Json metadata = Json::object();
  set(metadata, "General.title", title);
  set(metadata, "Signal.signal_type", signal_type);
  const std::vector<std::int64_t> taken = numbers_in(text_in(header, "Acquisition Date").value_or(""));
  if (taken.size() >= 6) {
    set_date(metadata, taken[0], taken[1], taken[2]);
    set_time(metadata, taken[3], taken[4], taken[5]);
  }
  const std::string sem = "Acquisition_instrument.SEM.";
  const auto copy = [&](const hdf5::Group& group, const char* name, const std::string& path, double factor) {
    if (const auto value = number_in(group, name)) set(metadata, path, *value * factor);
  };
  copy(header, "Beam Voltage", sem + "beam_energy", 1);
  copy(header, "Magnification", sem + "magnification", 1);
  copy(header, "Working Distance", sem + "working_distance", 1);
  if (header.has_group("Stage Position")) {
    copy(header.group("Stage Position"), "Tilt", sem + "Stage.tilt_alpha", degrees);
  }
  if (signal_type == "EDS_SEM") {
    copy(header, "Detector Elevation", sem + "Detector.EDS.elevation_angle", degrees);
    copy(header, "Detector Azimuth", sem + "Detector.EDS.azimuth_angle", degrees);
  }
  if (const auto specimen = text_in(header, "Specimen Label"); specimen && !specimen->empty()) {
    set(metadata, "Sample.name", *specimen);
  }
  return metadata;
}

std::shared_ptr<const Source> read_array(const hdf5::Group& header, const Json& original, const Raster& raster,
                                         const std::string& title, const std::string& name, const hdf5::Array& array) {
  const Shape& shape = array.shape();
  const bool spectra = name == "Spectrum" && shape.size() == 2, images = shape.size() == 3;
  Description description;
  description.title = title;
  description.signal_type = spectra ? "EDS_SEM" : "";
  description.metadata = metadata_of(header, title, description.signal_type);
  description.original = original;
  std::vector<int> order{0};
  description.axes.push_back({"pixel", "", "", Role::navigation, shape[0]});
  for (std::size_t i = 1; i < shape.size(); ++i) {
    if (shape[i] == 1 && !spectra && !images) continue;
    const char* along = spectra ? "Energy" : !images ? "" : i == 1 ? "ky" : "kx";
    Axis axis{along, "", "", Role::signal, shape[i]};
    if (spectra) {
      if (const auto width = number_in(header, "Channel Width"); width && *width > 0) {
        axis.quantity = "energy";
        axis.units = "keV";
        axis.scale = *width / 1000;
        axis.offset = number_in(header, "Start Channel").value_or(0) / 1000;
      }
    }
    description.axes.push_back(axis);
    order.push_back(static_cast<int>(i));
  }
  // What has one value per pixel is an image, or a profile along a line.
  const Role role = order.size() > 1 ? Role::navigation : Role::signal;
  description.axes[0].role = role;
  Axes places{place_axis("x", raster.columns, raster.column_step, role)};
  if (!raster.is_line()) places.insert(places.begin(), place_axis("y", raster.rows, raster.row_step, role));
  return folded_axis(std::make_shared<hdf5::Hdf5Source>(std::move(description), array, std::move(order)), places);
}

void read_technique(const hdf5::Group& technique, const std::string& name,
                    std::vector<std::shared_ptr<const Source>>& signals) {
  if (!technique.has_group("Data") || !technique.has_group("Header")) {
    // Layered images lie one group deeper.
    for (const std::string& below : technique.names()) {
      if (technique.has_group(below + "/Data") && technique.has_group(below + "/Header")) {
        read_technique(technique.group(below), name + "/" + below, signals);
      }
    }
    return;
  }
  const hdf5::Group header = technique.group("Header");
  const Raster raster = read_raster(header);
  const Json original{{"Header", tree_of(header)}};
  for_each_array(
      technique.group("Data"), [&](const std::string& at, const hdf5::Group& parent, const std::string& last) {
        const hdf5::Array array = parent.array(last);
        const bool per_pixel = array.is_numeric() && !array.shape().empty() && array.shape().size() <= 3 &&
                               array.element().fields.empty() && array.shape()[0] == raster.rows * raster.columns;
        if (per_pixel) signals.push_back(read_array(header, original, raster, name + "/" + at, last, array));
      });
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  std::vector<std::shared_ptr<const Source>> signals;
  std::vector<std::string> slices;
  for (const std::string& name : root.names()) {
    if (root.has_group(name)) slices.push_back(name);
  }
  for (const std::string& slice : slices) {
    const hdf5::Group group = root.group(slice);
    for (const std::string& technique : group.names()) {
      if (!group.has_group(technique)) continue;
      const std::string title = slices.size() > 1 ? slice + "/" + technique : technique;
      read_technique(group.group(technique), title, signals);
    }
  }
  if (signals.empty()) root.fail(ErrorKind::unsupported, "no technique has an array with one row per pixel");
  return signals;
}

}  // namespace

const Driver& h5oina_driver() {
  static const Driver driver{"h5oina", "Oxford Instruments AZtec HDF5", {"h5oina"}, probe, open};
  return driver;
}

}  // namespace ruska::io
