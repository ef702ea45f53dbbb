// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// DECTRIS ARINA (.h5): a master file in DECTRIS' NeXus layout whose entry/data holds the arrays data_000001,
// data_000002 … of frames, most often as links into files beside it, and a file of the same name without "_master"
// in which the microscope's software notes the scan. Frames follow the scan row by row. Where that file is missing,
// nothing tells rows from columns and the frames are one axis.
#include <algorithm>
#include <cmath>

#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/folded_axis.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"
#include "ruska/io/joined_source.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {
namespace {

constexpr const char* detector = "entry/instrument/detector";

Confidence probe(const Probe& file) {
  return probe_hdf5(file, {}, [](const hdf5::Group& root) {
    if (!root.has_group("entry/data") || !root.has_group(detector)) return false;
    const std::string what = text_in(root.group(detector), "description").value_or("");
    return lower_case(what).starts_with("dectris");
  });
}

/// What the file beside says of the scan; null where there is none.
Json scan_notes(const std::filesystem::path& master) {
  const std::string stem = master.stem().string();
  constexpr std::string_view ending = "_master";
  if (!stem.ends_with(ending)) return nullptr;
  const auto path = master.parent_path() / (stem.substr(0, stem.size() - ending.size()) + master.extension().string());
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return nullptr;
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  return root.has_group("STEM Metadata") ? attributes_of(root.group("STEM Metadata")) : Json();
}

std::optional<double> note(const Json& notes, const char* name) {
  if (!notes.is_object() || !notes.contains(name)) return std::nullopt;
  const Json& value = notes[name].is_array() && notes[name].size() == 1 ? notes[name][0] : notes[name];
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

Json metadata_of(const hdf5::Group& root, const Json& notes) {
  Json metadata = Json::object();
  set(metadata, "General.title", "");
  set(metadata, "Signal.signal_type", "");
  const std::string tem = "Acquisition_instrument.TEM.";
  const std::string specific = std::string(detector) + "/detectorSpecific";
  std::optional<double> volts = note(notes, "High Tension");
  if (root.has_group(specific)) {
    const hdf5::Group settings = root.group(specific);
    if (!volts) volts = number_in(settings, "photon_energy");
    const std::string taken = text_in(settings, "data_collection_date").value_or("");
    const std::vector<std::int64_t> parts = numbers_in(taken);
    if (parts.size() >= 6) {
      set_date(metadata, parts[0], parts[1], parts[2]);
      set_time(metadata, parts[3], parts[4], parts[5]);
    }
  }
  if (volts && *volts > 0) set(metadata, tem + "beam_energy", *volts / 1000);
  if (const auto metres = note(notes, "Camera Length"); metres && *metres > 0) {
    set(metadata, tem + "camera_length", *metres * 1000);
  }
  if (const auto times = note(notes, "Magnification"); times && *times > 0)
    set(metadata, tem + "magnification", *times);
  return metadata;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  const hdf5::Group data = root.group("entry/data");
  std::vector<std::string> names = data.names();
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("data_"); });
  std::sort(names.begin(), names.end());
  if (names.empty()) data.fail(ErrorKind::bad_data, "there is no array data_000001");

  const Json notes = scan_notes(path);
  std::vector<std::shared_ptr<const Source>> parts;
  Description whole;
  for (const std::string& name : names) {
    if (!data.has_array(name)) {
      data.fail(ErrorKind::not_found,
                "the array '" + name + "' lies in another file, which is not beside this one; copy the data files too");
    }
    const hdf5::Array frames = data.array(name);
    const Shape& shape = frames.shape();
    if (shape.size() != 3) frames.fail(ErrorKind::bad_data, "frames of the shape " + to_string(shape));
    Description part;
    part.axes = {{"frame", "", "", Role::navigation, shape[0]},
                 {"ky", "", "", Role::signal, shape[1]},
                 {"kx", "", "", Role::signal, shape[2]}};
    parts.push_back(std::make_shared<hdf5::Hdf5Source>(std::move(part), frames));
    if (parts.size() == 1) {
      whole = parts.front()->describe();
    } else {
      whole.axes[0].size += shape[0];
    }
  }
  whole.metadata = metadata_of(root, notes);
  whole.original = tree_of(root);
  if (notes.is_object()) whole.original["STEM Metadata"] = notes;
  const std::int64_t frames = whole.axes[0].size;
  std::shared_ptr<const Source> source = joined_source(std::move(whole), std::move(parts));

  const double rows = note(notes, "NumPixelsY").value_or(0), columns = note(notes, "NumPixelsX").value_or(0);
  if (rows >= 1 && columns >= 1 && rows * columns == static_cast<double>(frames)) {
    Axes scan{{"y", "", "", Role::navigation, static_cast<std::int64_t>(rows)},
              {"x", "", "", Role::navigation, static_cast<std::int64_t>(columns)}};
    const double step = note(notes, "Pixel Size").value_or(0);
    for (Axis& axis : scan) {
      if (!(step > 0 && std::isfinite(step))) break;
      axis.quantity = "length";
      axis.units = "nm";
      axis.scale = step;
    }
    source = folded_axis(std::move(source), scan);
  }
  return {std::move(source)};
}

}  // namespace

const Driver& arina_driver() {
  static const Driver driver{"arina", "DECTRIS ARINA", {"h5"}, probe, open};
  return driver;
}

}  // namespace ruska::io
