// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// HyperSpy's Zarr stores (.zspy): a folder, or a ZIP archive of it, of groups and arrays of Zarr version 2 in the
// layout of HyperSpy's HDF5 files: Experiments/NAME with data, axis-0, axis-1 …, metadata and original_metadata.
#include <cmath>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/hyperspy_names.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/zspy/sink.hpp"
#include "ruska/io/zspy/zarr_array.hpp"

namespace ruska::io {
namespace {

constexpr std::size_t deepest = 64;
constexpr const char* experiments = "Experiments";
constexpr const char* unnamed = "__unnamed__";

bool is_own(const zarr::Store& store) {
  const Json attributes = store.json(".zattrs");
  return attributes.is_object() && attributes.value("file_format", Json()) == "ZSpy" &&
         store.has(zarr::key_of(experiments, ".zgroup"));
}

Confidence sure_of(const std::filesystem::path& path) {
  try {
    if (is_own(*zarr::open_store(path))) return Confidence::content;
  } catch (const Error&) {
    // Damaged or cut short: whoever opens it says where.
    if (extension_of(path) == "zspy") return Confidence::extension;
  }
  return Confidence::none;
}

Confidence probe(const Probe& file) {
  constexpr std::string_view archive = "PK\x03\x04";
  const bool zip = file.head.size() >= archive.size() &&
                   std::string_view(reinterpret_cast<const char*>(file.head.data()), archive.size()) == archive;
  return zip ? sure_of(file.path) : Confidence::none;
}

Confidence probe_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path / ".zgroup", error) ? sure_of(path) : Confidence::none;
}

class Reader {
 public:
  explicit Reader(std::shared_ptr<const zarr::Store> store) : store_(std::move(store)) {}

  std::vector<std::shared_ptr<const Source>> read() const {
    std::vector<std::shared_ptr<const Source>> signals;
    for (const std::string& name : store_->names(experiments)) {
      const std::string key = zarr::key_of(experiments, name);
      if (is_group(key)) signals.push_back(signal(key, name));
    }
    if (signals.empty()) throw Error(ErrorKind::bad_data, "there is no signal below 'Experiments'");
    return signals;
  }

 private:
  bool is_group(const std::string& key) const { return store_->has(key + "/.zgroup"); }
  bool is_array(const std::string& key) const { return store_->has(key + "/.zarray"); }

  Json attributes(const std::string& key) const {
    Json found = store_->json(key + "/.zattrs");
    if (found.is_null()) return Json::object();
    if (!found.is_object()) throw Error(ErrorKind::bad_data, "'" + key + "/.zattrs' holds no object");
    return found;
  }

  Json tree(const std::string& key, std::size_t depth = 0) const {
    if (depth > deepest) throw Error(ErrorKind::bad_data, "'" + key + "' nests deeper than 64 groups");
    Json all = Json::object();
    if (!is_group(key)) return all;
    const Json stored = attributes(key);
    for (const auto& [name, value] : stored.items()) hyperspy::add_attribute(all, name, value);
    for (const std::string& name : store_->names(key)) {
      const std::string member = zarr::key_of(key, name);
      if (is_array(member)) {
        hyperspy::add_array(all, name, zarr::Array(store_, member).value());
      } else if (is_group(member)) {
        hyperspy::add_group(all, name, tree(member, depth + 1));
      }
    }
    return all;
  }

  Axis axis(const std::string& key, std::int64_t length) const {
    if (!is_group(key)) throw Error(ErrorKind::bad_data, "there is no group '" + key + "'");
    const Json facts = attributes(key);
    const auto text = [&](const char* name) { return hyperspy::plain_text(text_at(facts, name).value_or("")); };
    Axis one;
    one.name = text("name");
    one.units = text("units");
    one.quantity = quantity_of(one.units);
    one.size = length;
    const Json navigate = facts.value("navigate", Json(false));
    one.role = navigate == true || navigate == 1 ? Role::navigation : Role::signal;
    if (is_array(key + "/axis")) {
      const zarr::Array table(store_, key + "/axis");
      if (table.shape() != Shape{length}) {
        table.fail(ErrorKind::bad_data, "coordinates of the shape " + to_string(table.shape()) + " for " +
                                            std::to_string(length) + " places");
      }
      one.values = table.read_numbers();
      if (!one.values.empty()) one.offset = one.values.front();
      if (one.values.size() > 1) {
        one.scale = (one.values.back() - one.values.front()) / static_cast<double>(one.values.size() - 1);
      }
      return one;
    }
    if (facts.contains("expression")) {
      throw Error(ErrorKind::unsupported, "'" + key + "': an axis given by the expression '" + text("expression") +
                                              "' is not supported; save it as a table of coordinates");
    }
    one.scale = number_at(facts, "scale").value_or(1.0);
    one.offset = number_at(facts, "offset").value_or(0.0);
    return one;
  }

  std::shared_ptr<const Source> signal(const std::string& key, const std::string& name) const {
    if (!is_array(key + "/data")) throw Error(ErrorKind::bad_data, "an array '" + key + "/data' was expected");
    zarr::Array data(store_, key + "/data");
    Description description;
    description.metadata = tree(key + "/metadata");
    description.original = tree(key + "/original_metadata");
    description.title = text_at(description.metadata, "General.title").value_or(name == unnamed ? "" : name);
    description.signal_type = text_at(description.metadata, "Signal.signal_type").value_or("");
    std::vector<Axis> stored;
    const std::size_t rank = data.shape().size() - (data.fields().empty() ? 0 : 1);
    for (std::size_t i = 0; i < rank; ++i) {
      stored.push_back(axis(key + "/axis-" + std::to_string(i), data.shape()[i]));
    }
    std::vector<int> order;
    for (const Role role : {Role::navigation, Role::signal}) {
      for (std::size_t i = 0; i < stored.size(); ++i) {
        if (stored[i].role != role) continue;
        description.axes.push_back(stored[i]);
        order.push_back(static_cast<int>(i));
      }
    }
    if (!data.fields().empty()) {
      Axis parts;
      parts.name = "field";
      parts.size = data.shape().back();
      description.axes.push_back(parts);
      order.push_back(static_cast<int>(rank));
    }
    return zarr::source(std::move(description), std::move(data), std::move(order));
  }

  std::shared_ptr<const zarr::Store> store_;
};

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  return Reader(zarr::open_store(path)).read();
}

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  return zarr::create_sink(path, description);
}

}  // namespace

const Driver& zspy_driver() {
  static const Driver driver{"zspy", "HyperSpy Zarr", {"zspy"}, probe, open, create, probe_folder, create};
  return driver;
}

}  // namespace ruska::io
