// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// NeXus (.nxs, .nx, .h5; nexusformat.org), HyperSpy's own files among them. A group of the class NXdata names its array
// in the attribute signal and the arrays that calibrate its axes in axes ("." for none); NAME_indices says along which
// axis of the array a calibration runs. The attribute interpretation makes the last axis (spectrum) or the last two
// (image) the signal's; without it axes that are calibrated are navigation axes where others are not. All other arrays
// of two numbers or more follow as signals named by their path.
//
// HyperSpy keeps its metadata tree beside, in auxiliary/hyperspy_metadata of the entry.
#include <algorithm>
#include <optional>

#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"
#include "ruska/io/kept_description.hpp"
#include "ruska/io/nexus/writer.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {
namespace {

constexpr const char* no_axis = ".";
constexpr const char* kept_metadata = "hyperspy_metadata";

std::string class_of(const hdf5::Group& group) { return group.text("NX_class").value_or(""); }

bool has_entry(const hdf5::Group& root) {
  for (const std::string& name : root.names()) {
    if (root.has_group(name) && class_of(root.group(name)).starts_with("NX")) return true;
  }
  return false;
}

bool is_named_nexus(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  return extension == "nxs" || extension == "nx";
}

/// Other instruments write NeXus with more in it; their drivers know it better.
bool has_own_driver(const hdf5::Group& root) { return root.has_group("entry/instrument/detector/detectorSpecific"); }

Confidence probe(const Probe& file) {
  if (!hdf5::has_signature(file.head)) return Confidence::none;
  const Confidence found =
      probe_hdf5(file, {"nxs", "nx"}, [](const hdf5::Group& root) { return has_entry(root) && !has_own_driver(root); });
  return found == Confidence::none && is_named_nexus(file.path) ? Confidence::extension : found;
}

/// The texts of an attribute that is one text, texts parted by commas or colons, or a list.
std::vector<std::string> texts_of(const hdf5::Object& object, const std::string& name) {
  std::vector<std::string> texts;
  if (!object.has_attribute(name)) return texts;
  const Json value = object.attribute(name);
  if (value.is_array()) {
    for (const Json& one : value) texts.push_back(one.is_string() ? one.get<std::string>() : "");
    return texts;
  }
  if (!value.is_string()) return texts;
  std::string text = value.get<std::string>();
  if (text.size() > 1 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find_first_of(",:", start), text.size());
    texts.emplace_back(trimmed(std::string_view(text).substr(start, end - start)));
    start = end + 1;
  }
  return texts;
}

/// HyperSpy's tree as it stores it in NeXus: groups are objects, arrays entries; attributes are NeXus' own.
Json kept_tree(const Json& stored) {
  if (!stored.is_object()) return stored;
  Json tree = Json::object();
  for (const auto& [key, value] : stored.items()) {
    if (key.starts_with("@")) continue;
    tree[key] = kept_tree(value);
  }
  return tree;
}

class Reader {
 public:
  explicit Reader(hdf5::Group root) : root_(std::move(root)) {
    original_["attributes"] = attributes_of(root_);
    for (const std::string& name : root_.names()) {
      if (root_.has_group(name)) original_[name] = tree_of(root_.group(name));
    }
  }

  std::vector<std::shared_ptr<const Source>> read() {
    std::vector<std::shared_ptr<const Source>> others;
    for_each_array(root_, [&](const std::string& at, const hdf5::Group& parent, const std::string& name) {
      const hdf5::Array array = parent.array(name);
      if (!array.is_numeric()) return;
      const auto data = data_name(parent);
      if (data == name) {
        signals_.push_back(read_data(at, parent, array));
      } else if (count(array.shape()) > 1 && !own_) {
        others.push_back(read_other(at, parent, array));
      }
    });
    signals_.insert(signals_.end(), others.begin(), others.end());
    if (signals_.empty()) root_.fail(ErrorKind::unsupported, "the file holds no array of numbers");
    return std::move(signals_);
  }

 private:
  /// The array that a group calls its signal; nothing where it does not.
  static std::optional<std::string> data_name(const hdf5::Group& group) {
    const auto signal = group.text("signal");
    if (class_of(group) != "NXdata") {
      // Groups that forgot their class say no less by naming the axes of "data".
      if (!group.has_attribute("axes")) return std::nullopt;
      return signal.value_or("data");
    }
    if (signal) return *signal;
    // Before 2014 the array itself was marked.
    for (const std::string& name : group.names()) {
      if (group.has_array(name) && group.array(name).has_attribute("signal")) return name;
    }
    return group.has_array("data") ? std::optional<std::string>("data") : std::nullopt;
  }

  Description titled(std::string title) const {
    Description description;
    set(description.metadata, "General.title", title);
    description.title = std::move(title);
    return description;
  }

  /// Names of the axes, one for each axis of the array where the file gives as many.
  static std::vector<std::string> axis_names(const hdf5::Group& group, const hdf5::Array& array) {
    std::vector<std::string> names = texts_of(group, "axes");
    if (names.empty()) names = texts_of(array, "axes");
    std::vector<std::string> placed(array.shape().size(), no_axis);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty() || names[i] == no_axis) continue;
      std::size_t place = i;
      if (const auto index = group.number(names[i] + "_indices")) {
        if (!(*index >= 0 && *index < static_cast<double>(placed.size()))) {
          group.fail(ErrorKind::bad_data, "'" + names[i] + "_indices' is " + std::to_string(*index) + " for " +
                                              std::to_string(placed.size()) + " axes");
        }
        place = static_cast<std::size_t>(*index);
      }
      if (place < placed.size()) placed[place] = names[i];
    }
    return placed;
  }

  std::shared_ptr<const Source> read_data(const std::string& at, const hdf5::Group& group, const hdf5::Array& array) {
    const bool marked = class_of(group) == "NXdata";
    Description description = titled(marked ? last_name(group.path()) : path_title(at));
    keep_metadata(description, at);
    const std::vector<std::string> names = axis_names(group, array);
    const std::size_t rank = array.shape().size();
    const std::string interpretation = group.text("interpretation").value_or("");
    const std::size_t named = static_cast<std::size_t>(
        std::count_if(names.begin(), names.end(), [](const auto& name) { return name != no_axis; }));
    std::size_t navigation = 0;
    if (interpretation == "spectrum" && rank > 0) {
      navigation = rank - 1;
    } else if (interpretation == "image" && rank > 1) {
      navigation = rank - 2;
    } else if (named > 0 && named < rank) {
      while (navigation < rank && names[navigation] != no_axis) ++navigation;
    }
    for (std::size_t i = 0; i < rank; ++i) {
      Axis axis;
      axis.size = array.shape()[i];
      axis.role = i < navigation ? Role::navigation : Role::signal;
      if (names[i] != no_axis) {
        axis.name = names[i];
        calibrate(group, names[i], axis);
      }
      description.axes.push_back(std::move(axis));
    }
    description.original = original_;
    if (const auto kept = array.text(kept_description_name)) restore_description(*kept, description);
    return std::make_shared<hdf5::Hdf5Source>(std::move(description), array);
  }

  static void calibrate(const hdf5::Group& group, const std::string& name, Axis& axis) {
    if (!group.has_array(name)) return;
    const hdf5::Array array = group.array(name);
    axis.units = array.text("units").value_or("");
    axis.quantity = quantity_of(axis.units);
    if (!array.is_numeric() || array.shape().size() != 1) return;
    if (array.shape()[0] == axis.size + 1) {
      std::vector<double> edges = array.read_numbers();
      for (std::size_t i = 0; i + 1 < edges.size(); ++i) edges[i] = (edges[i] + edges[i + 1]) / 2;
      edges.pop_back();
      set_coordinates(axis, std::move(edges));
    } else if (array.shape()[0] == axis.size) {
      set_coordinates(axis, array.read_numbers());
    } else {
      array.fail(ErrorKind::bad_data, std::to_string(array.shape()[0]) + " coordinates for an axis of " +
                                          std::to_string(axis.size) + " places");
    }
  }

  /// HyperSpy's tree, from the entry that holds the signal.
  void keep_metadata(Description& description, const std::string& at) const {
    const std::string entry = at.substr(0, at.find('/'));
    const std::string kept = entry + "/auxiliary/" + kept_metadata;
    if (!root_.has_group(kept)) return;
    const std::string title = description.title;
    description.metadata = kept_tree(tree_of(root_.group(kept)));
    // HyperSpy names the group after the title, and makes one up where there is none.
    set(description.metadata, "General.title", title);
    description.signal_type = text_at(description.metadata, "Signal.signal_type").value_or("");
  }

  std::shared_ptr<const Source> read_other(const std::string& at, const hdf5::Group& group, const hdf5::Array& array) {
    Description description = titled(path_title(at));
    description.original["attributes"] = attributes_of(array);
    description.original["group"] = attributes_of(group);
    for (const std::int64_t length : array.shape()) description.axes.push_back({"", "", "", Role::signal, length});
    return std::make_shared<hdf5::Hdf5Source>(std::move(description), array);
  }

  static std::string path_title(std::string at) {
    std::replace(at.begin(), at.end(), '/', '_');
    return at;
  }
  static std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  hdf5::Group root_;
  bool own_ = root_.text(nexus::writer_attribute) == nexus::writer_name;  ///< only the NXdata is a signal
  Json original_ = Json::object();
  std::vector<std::shared_ptr<const Source>> signals_;
};

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  return Reader(hdf5::OpenFile::open(path)->root()).read();
}

}  // namespace

const Driver& nexus_driver() {
  static const Driver driver{"nexus", "NeXus", {"nxs", "nx"}, probe, open, nexus::create};
  return driver;
}

}  // namespace ruska::io
