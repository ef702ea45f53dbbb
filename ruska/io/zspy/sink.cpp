// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/zspy/sink.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>

#include <blosc.h>
#include <fcntl.h>
#include <unistd.h>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hyperspy_names.hpp"

namespace ruska::io::zarr {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw Error(ErrorKind::io, "cannot write " + path.string());
}

void write_json(const fs::path& path, const Json& json) {
  // In ASCII: version 2 of the zarr package reads no other.
  const std::string text = json.dump(4, ' ', true, Json::error_handler_t::replace);
  write_file(path, std::as_bytes(std::span(text)));
}

void make_group(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(ErrorKind::io, "cannot make the folder " + path.string() + ": " + error.message());
  write_json(path / ".zgroup", {{"zarr_format", 2}});
}

std::string type_name(DType dtype) {
  const std::string size = std::to_string(size_of(dtype));
  const char kind = is_complex(dtype)                            ? 'c'
                    : !is_integer(dtype)                         ? 'f'
                    : std::string_view(name_of(dtype))[0] == 'u' ? 'u'
                                                                 : 'i';
  return (size == "1" ? "|" : "<") + std::string(1, kind) + size;
}

Json array_facts(const Json& type, const Shape& shape, const Shape& chunk) {
  return {{"chunks", chunk},    {"compressor", nullptr}, {"dtype", type},  {"fill_value", 0},
          {"filters", nullptr}, {"order", "C"},          {"shape", shape}, {"zarr_format", 2}};
}

/// A list of numbers as an array of one chunk.
template <class T>
void write_numbers(const fs::path& path, DType dtype, const std::vector<T>& values) {
  fs::create_directories(path);
  const Shape shape{static_cast<std::int64_t>(values.size())};
  write_json(path / ".zarray", array_facts(type_name(dtype), shape, {std::max<std::int64_t>(shape[0], 1)}));
  if (!values.empty()) write_file(path / "0", std::as_bytes(std::span(values)));
}

/// A list of texts: their number, then each behind its length.
void write_texts(const fs::path& path, const std::vector<std::string>& values) {
  fs::create_directories(path);
  const Shape shape{static_cast<std::int64_t>(values.size())};
  Json facts = array_facts("|O", shape, shape);
  facts["filters"] = Json::array({{{"id", "vlen-utf8"}}});
  write_json(path / ".zarray", facts);
  std::string bytes;
  const auto add = [&](std::size_t number) {
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift & 0xff);
  };
  add(values.size());
  for (const std::string& one : values) {
    add(one.size());
    bytes += one;
  }
  write_file(path / "0", std::as_bytes(std::span(bytes)));
}

// Zarr takes a backslash for a slash.
std::string member_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == '\\'; }, '-');
  if (name.empty() || name.starts_with('.')) name = "_" + name;
  return name;
}

void write_tree(const fs::path& path, const Json& tree);

/// One entry of a tree, below `path` or among the group's attributes.
void write_entry(const fs::path& path, Json& attributes, const std::string& name, const Json& value) {
  const auto all = [&](auto&& test) { return std::all_of(value.begin(), value.end(), test); };
  if (value.is_object()) {
    write_tree(path / member_name(name), value);
  } else if (!value.is_array()) {
    attributes[name] = value.is_null() ? Json(hyperspy::nothing) : value;
  } else if (value.empty()) {
    attributes["_list_empty_" + name] = hyperspy::nothing;
  } else if (all([](const Json& one) { return one.is_string(); })) {
    write_texts(path / member_name("_list_" + name), value.get<std::vector<std::string>>());
  } else if (all([](const Json& one) {
               return one.is_number_integer() &&
                      (!one.is_number_unsigned() || one.get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
             })) {
    write_numbers(path / member_name("_list_" + name), DType::int64, value.get<std::vector<std::int64_t>>());
  } else if (all([](const Json& one) { return one.is_number(); })) {
    write_numbers(path / member_name("_list_" + name), DType::float64, value.get<std::vector<double>>());
  } else {
    Json members = Json::object();
    const std::size_t digits = std::to_string(value.size() - 1).size();
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string place = std::to_string(i);
      place.insert(0, digits - place.size(), '0');  // HyperSpy orders the members as texts
      members[place] = value[i];
    }
    write_tree(path / member_name("_list_" + std::to_string(value.size()) + "_" + name), members);
  }
}

void write_tree(const fs::path& path, const Json& tree) {
  make_group(path);
  Json attributes = Json::object();
  for (const auto& [name, value] : tree.items()) write_entry(path, attributes, name, value);
  write_json(path / ".zattrs", attributes);
}

class FolderSink final : public Sink {
 public:
  FolderSink(const fs::path& path, const Description& description) : description_(description) {
    Axes axes = description.axes;
    if (!description.fields.empty()) axes.pop_back();
    if (axes.empty()) {
      throw Error(ErrorKind::unsupported,
                  "'" + description.title + "' has no axis; HyperSpy's files hold signals with one or more");
    }
    make_group(path);
    write_json(path / ".zattrs", {{"file_format", "ZSpy"}, {"file_format_version", "3.1"}});
    make_group(path / "Experiments");
    const fs::path signal =
        path / "Experiments" / (description.title.empty() ? "__unnamed__" : member_name(description.title));
    make_group(signal);
    Shape shape;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      write_axis(signal / ("axis-" + std::to_string(i)), axes[i]);
      shape.push_back(axes[i].size);
    }
    Json metadata = description.metadata;
    set(metadata, "General.title", description.title);
    set(metadata, "Signal.signal_type", description.signal_type);
    write_tree(signal / "metadata", metadata);
    write_tree(signal / "original_metadata", description.original);
    chunk_ = hdf5::chunk_for(description);
    data_ = signal / "data";
    fs::create_directories(data_);
    Json type = type_name(description.dtype);
    Shape chunk = chunk_;
    if (!description.fields.empty()) {
      // Colours are elements of several parts, whole in every chunk.
      Json parts = Json::array();
      for (const std::string& field : description.fields) parts.push_back(Json::array({field, type}));
      type = parts;
      chunk.pop_back();
    }
    Json facts = array_facts(type, shape, chunk);
    if (is_complex(description.dtype)) facts["fill_value"] = {0.0, 0.0};
    if (!description.fields.empty()) facts["fill_value"] = nullptr;
    facts["compressor"] = {{"blocksize", 0}, {"clevel", 1}, {"cname", "lz4"}, {"id", "blosc"}, {"shuffle", 1}};
    write_json(data_ / ".zarray", facts);
  }

  Storage storage() const override { return {chunk_, "Blosc (LZ4) after a byte shuffle, one file per chunk", true, 0}; }

  void write(const Region& region, std::span<const std::byte> values) override {
    check_region(region, description_, values.size());
    if (values.empty()) return;
    const std::size_t rank = chunk_.size();
    Shape first, last;
    for (std::size_t a = 0; a < rank; ++a) {
      first.push_back(region.start[a] / chunk_[a]);
      last.push_back((region.start[a] + region.shape[a] - 1) / chunk_[a]);
    }
    for (Shape place = first;;) {
      write_part(place, region, values);
      bool more = false;
      for (std::size_t a = rank; a-- > 0 && !more;) {
        more = ++place[a] <= last[a];
        if (!more) place[a] = first[a];
      }
      if (!more) return;
    }
  }

  void flush() override {
    std::vector<fs::path> stored;
    {
      const std::lock_guard lock(mutex_);
      stored.swap(stored_);
    }
    for (const fs::path& path : stored) {
      const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      const bool flushed = file >= 0 && ::fdatasync(file) == 0;
      if (file >= 0) ::close(file);
      if (!flushed) throw Error(ErrorKind::io, "cannot flush " + path.string());
    }
  }

  void commit() override {
    for (const auto& [place, open] : open_) store(place, open.values);
    open_.clear();
  }

 private:
  struct OpenChunk {
    std::vector<std::byte> values;
    std::int64_t missing = 0;
  };

  static void write_axis(const fs::path& path, const Axis& axis) {
    make_group(path);
    Json facts{{"navigate", axis.role == Role::navigation}, {"is_binned", false}};
    if (!axis.name.empty()) facts["name"] = axis.name;
    if (!axis.units.empty()) facts["units"] = axis.units;
    if (axis.values.empty()) {
      facts["_type"] = "UniformDataAxis";
      facts["size"] = axis.size;
      facts["scale"] = axis.scale;
      facts["offset"] = axis.offset;
    } else {
      facts["_type"] = "DataAxis";
      write_numbers(path / "axis", DType::float64, axis.values);
    }
    write_json(path / ".zattrs", facts);
  }

  void write_part(const Shape& place, const Region& region, std::span<const std::byte> values) {
    const std::size_t item = size_of(description_.dtype), rank = chunk_.size();
    Region in_chunk{Shape(rank), Shape(rank)}, in_region{Shape(rank), Shape(rank)};
    std::int64_t within = 1;
    for (std::size_t a = 0; a < rank; ++a) {
      const std::int64_t origin = place[a] * chunk_[a];
      const std::int64_t begin = std::max(origin, region.start[a]);
      const std::int64_t end = std::min(origin + chunk_[a], region.start[a] + region.shape[a]);
      in_chunk.start[a] = begin - origin;
      in_region.start[a] = begin - region.start[a];
      in_chunk.shape[a] = in_region.shape[a] = end - begin;
      within *= std::min(chunk_[a], description_.axes[a].size - origin);
    }
    if (in_chunk.count() == within) {
      std::vector<std::byte> chunk(static_cast<std::size_t>(count(chunk_)) * item);
      std::vector<std::byte> part(static_cast<std::size_t>(within) * item);
      copy_region(values, region.shape, item, in_region, part);
      paste_region(part, in_chunk, chunk, chunk_, item);
      store(place, chunk);
      return;
    }
    std::unique_lock lock(mutex_);
    const auto [found, fresh] = open_.try_emplace(place);
    OpenChunk& open = found->second;
    if (fresh) {
      open.values.resize(static_cast<std::size_t>(count(chunk_)) * item);
      open.missing = within;
    }
    std::vector<std::byte> part(static_cast<std::size_t>(in_chunk.count()) * item);
    copy_region(values, region.shape, item, in_region, part);
    paste_region(part, in_chunk, open.values, chunk_, item);
    open.missing -= in_chunk.count();
    if (open.missing > 0) return;
    const std::vector<std::byte> chunk = std::move(open.values);
    open_.erase(found);
    lock.unlock();
    store(place, chunk);
  }

  void store(const Shape& place, const std::vector<std::byte>& values) {
    std::string name;
    const std::size_t rank = place.size() - (description_.fields.empty() ? 0 : 1);
    for (std::size_t a = 0; a < rank; ++a) name += (a == 0 ? "" : ".") + std::to_string(place[a]);
    std::vector<std::byte> packed(values.size() + BLOSC_MAX_OVERHEAD);
    const int bytes = blosc_compress_ctx(1, BLOSC_SHUFFLE, size_of(description_.dtype), values.size(), values.data(),
                                         packed.data(), packed.size(), "lz4", 0, 1);
    if (bytes <= 0) throw Error(ErrorKind::internal, "Blosc refused a chunk with status " + std::to_string(bytes));
    write_file(data_ / name, std::span(packed).first(static_cast<std::size_t>(bytes)));
    const std::lock_guard lock(mutex_);
    stored_.push_back(data_ / name);
  }

  Description description_;
  Shape chunk_;
  fs::path data_;
  std::mutex mutex_;  ///< of what follows
  std::map<Shape, OpenChunk> open_;
  std::vector<fs::path> stored_;  ///< since the last flush
};

}  // namespace

std::unique_ptr<Sink> create_sink(const fs::path& path, const Description& description) {
  return std::make_unique<FolderSink>(path, description);
}

}  // namespace ruska::io::zarr
