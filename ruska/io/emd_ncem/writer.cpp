// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/emd_ncem/writer.hpp"

#include <algorithm>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/sink.hpp"
#include "ruska/io/kept_description.hpp"

namespace ruska::io::emd_ncem {
namespace {

/// "nm" → "[n_m]", as the format spells prefix and unit; what is no plain word stays as it is.
std::string spelled(const std::string& units) {
  if (units == "µm") return "[u_m]";
  const bool plain = !units.empty() && units.size() <= 3 &&
                     std::all_of(units.begin(), units.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
  if (!plain) return units.empty() ? "[]" : units;
  return units.size() == 1 ? "[" + units + "]" : "[" + units.substr(0, 1) + "_" + units.substr(1) + "]";
}

hdf5::ArrayWriter write_signal(const hdf5::GroupWriter& root, const Description& description) {
  root.set_attribute("version_major", 0);
  root.set_attribute("version_minor", 2);
  const hdf5::GroupWriter microscope = root.create_group("microscope");
  if (const auto energy = beam_energy(description.metadata)) microscope.set_attribute("high tension", 1000 * *energy);
  if (const auto name = text_at(description.metadata, "Acquisition_instrument.TEM.microscope")) {
    microscope.set_attribute("name", *name);
  }
  for (const char* name : {"sample", "user", "comments"}) root.create_group(name);

  const hdf5::GroupWriter group =
      root.create_group("signals").create_group(hdf5::link_name(description.title, "signal"));
  group.set_attribute("emd_group_type", 1);
  Shape shape = description.shape();
  std::reverse(shape.begin(), shape.end());
  hdf5::Chunking chunking = hdf5::chunking_for(description);
  std::reverse(chunking.chunk.begin(), chunking.chunk.end());
  const hdf5::ArrayWriter array = group.create_array("data", hdf5::Element{description.dtype}, shape, chunking);
  array.set_attribute(kept_description_name, kept_description(description, true));
  for (std::size_t i = 0; i < description.axes.size(); ++i) {
    const Axis& axis = description.axes[description.axes.size() - 1 - i];
    const std::vector<double> coordinates = coordinates_of(axis);
    const hdf5::ArrayWriter dim = group.write_numbers("dim" + std::to_string(i + 1), DType::float64, {axis.size},
                                                      std::as_bytes(std::span(coordinates)));
    dim.set_attribute("name", axis.name);
    dim.set_attribute("units", spelled(axis.units));
  }
  return array;
}

}  // namespace

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  if (!description.fields.empty() || description.axes.empty()) {
    throw Error(ErrorKind::unsupported, description.axes.empty()
                                            ? "a signal without axes is not written as EMD"
                                            : "pixels of several parts are not written as EMD; .hspy takes them");
  }
  return std::make_unique<hdf5::ArraySink>(
      path, description, [&](const hdf5::GroupWriter& root) { return write_signal(root, description); },
      hdf5::AxisOrder::last);
}

}  // namespace ruska::io::emd_ncem
