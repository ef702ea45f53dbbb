// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/file.hpp"

#include <cstring>
#include <map>
#include <mutex>

#include "ruska/io/hdf5/attributes.hpp"
#include "ruska/io/hdf5/file_state.hpp"
#include "ruska/io/hdf5/values.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::int64_t max_json_elements = 65536;
constexpr int most_links = 32;
constexpr std::size_t links_kept = 1000000;

std::string joined(const std::string& parent, const std::string& name) {
  return parent == "/" ? "/" + name : parent + "/" + name;
}

Kind kind_of(const ObjectHeader& header) {
  if (header.find(MessageType::layout) != nullptr) return Kind::array;
  return is_group(header) ? Kind::group : Kind::other;
}

const char* word_for(Kind kind) { return kind == Kind::array ? "an array" : "a group"; }

}  // namespace

Object::State::State(FilePtr file_in, ObjectHeader header_in, std::string path_in)
    : file(std::move(file_in)), header(std::move(header_in)), path(std::move(path_in)) {}

const std::map<std::string, Block>& Object::State::attributes() {
  const std::lock_guard guard(mutex);
  if (!known_attributes) known_attributes = read_attributes(file->format_->blocks, header);
  return *known_attributes;
}

const std::string& Object::path() const { return state_->path; }

const std::filesystem::path& Object::file() const { return state_->file->path(); }

std::int64_t Object::file_size() const { return state_->file->size(); }

std::uint64_t Object::address() const { return state_->header.address; }

void Object::fail(ErrorKind kind, const std::string& what) const {
  throw Error(kind, "'" + file().string() + "', " + path() + ": " + what);
}

std::vector<std::string> Object::attribute_names() const {
  return inside([&] {
    std::vector<std::string> names;
    for (const auto& [name, message] : state_->attributes()) names.push_back(name);
    return names;
  });
}

bool Object::has_attribute(const std::string& name) const {
  return inside([&] { return state_->attributes().contains(name); });
}

Json Object::attribute(const std::string& name) const {
  return inside([&]() -> Json {
    const auto found = state_->attributes().find(name);
    if (found == state_->attributes().end()) return nullptr;
    return with_context([&] { return "the attribute '" + name + "'"; },
                        [&]() -> Json {
                          const OpenFile::Format& format = *state_->file->format_;
                          const Attribute read = read_attribute(format.blocks, found->second);
                          if (read.space.null) return nullptr;
                          if (count(read.space.shape) > max_json_elements) {
                            return "<" + to_string(read.space.shape) + " of " + name_of(read.type) + ">";
                          }
                          ValueReader values(format.blocks, format.heap);
                          return values.nested(read.type, read.space.shape, read.values.bytes);
                        });
  });
}

std::vector<std::uint64_t> Object::references(const std::string& name) const {
  return inside([&]() -> std::vector<std::uint64_t> {
    const auto found = state_->attributes().find(name);
    if (found == state_->attributes().end()) return {};
    const OpenFile::Format& format = *state_->file->format_;
    const Attribute read = read_attribute(format.blocks, found->second);
    if (read.space.null) return {};
    ValueReader values(format.blocks, format.heap);
    return values.references(read.type, count(read.space.shape), read.values.bytes);
  });
}

std::optional<double> Object::number(const std::string& name) const {
  Json value = attribute(name);
  while (value.is_array() && value.size() == 1) value = Json(value[0]);
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::optional<std::string> Object::text(const std::string& name) const {
  Json value = attribute(name);
  while (value.is_array() && value.size() == 1) value = Json(value[0]);
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

std::vector<std::string> Group::names() const {
  return inside([&] { return state_->file->format_->links(address())->names; });
}

Kind Group::kind(const std::string& name) const {
  return inside([&] {
    int links = 0;
    const auto target = state_->file->find(address(), name, links);
    if (!target) return Kind::none;
    return kind_of(read_object_header(target->file->format_->blocks, target->address));
  });
}

std::shared_ptr<Object::State> Object::State::of_kind(const FilePtr& file, std::uint64_t address, std::string path,
                                                      Kind wanted) {
  ObjectHeader header = read_object_header(file->format_->blocks, address);
  if (kind_of(header) != wanted) {
    throw Error(ErrorKind::bad_data,
                std::string(word_for(wanted)) + " was expected at the address " + std::to_string(address));
  }
  if (wanted == Kind::group) return std::make_shared<State>(file, std::move(header), std::move(path));
  return Array::ArrayState::make(file, std::move(header), std::move(path));
}

Group Group::group(const std::string& name) const {
  return inside([&] {
    int links = 0;
    const auto target = state_->file->find(address(), name, links);
    if (!target) throw Error(ErrorKind::bad_data, "a group '" + name + "' was expected here");
    return with_context(
        [&] { return "'" + name + "'"; },
        [&] { return Group(State::of_kind(target->file, target->address, joined(path(), name), Kind::group)); });
  });
}

Array Group::array(const std::string& name) const {
  return inside([&] {
    int links = 0;
    const auto target = state_->file->find(address(), name, links);
    if (!target) throw Error(ErrorKind::bad_data, "an array '" + name + "' was expected here");
    return with_context(
        [&] { return "'" + name + "'"; },
        [&] { return Array(State::of_kind(target->file, target->address, joined(path(), name), Kind::array)); });
  });
}

Kind Group::kind_at(std::uint64_t where) const {
  return inside([&] { return kind_of(read_object_header(state_->file->format_->blocks, where)); });
}

Group Group::group_at(std::uint64_t where) const {
  return inside([&] { return Group(State::of_kind(state_->file, where, "(reference)", Kind::group)); });
}

Array Group::array_at(std::uint64_t where) const {
  return inside([&] { return Array(State::of_kind(state_->file, where, "(reference)", Kind::array)); });
}

std::shared_ptr<const Links> OpenFile::Format::links(std::uint64_t group) {
  {
    const std::lock_guard guard(mutex);
    const auto found = known_links.find(group);
    if (found != known_links.end()) return found->second;
  }
  const ObjectHeader header = read_object_header(blocks, group);
  auto read = std::make_shared<const Links>(kind_of(header) == Kind::group ? read_links(blocks, header) : Links{});
  const std::lock_guard guard(mutex);
  kept += read->names.size() + 1;
  if (kept > links_kept) {
    known_links.clear();
    kept = read->names.size() + 1;
  }
  known_links[group] = read;
  return read;
}

std::optional<OpenFile::Target> OpenFile::find(std::uint64_t group, const std::string& path, int& links) {
  Target at{shared_from_this(), path.starts_with('/') ? format_->blocks.root() : group};
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty() || name == ".") continue;
    const auto members = at.file->format_->links(at.address);
    const auto found = members->by_name.find(name);
    if (found == members->by_name.end()) return std::nullopt;
    const Link& link = found->second;
    if (link.kind == Link::Kind::object) {
      at.address = link.address;
      continue;
    }
    // Links that lead in circles lead nowhere.
    if (++links > most_links) return std::nullopt;
    std::optional<Target> next;
    if (link.kind == Link::Kind::path) {
      next = at.file->find(at.address, link.path, links);
    } else if (const FilePtr other = at.file->beside(link.file)) {
      next = other->find(other->format_->blocks.root(), link.path, links);
    }
    if (!next) return std::nullopt;
    at = std::move(*next);
  }
  return at;
}

/// The file of this name in the same folder; nothing when there is none or it is no HDF5 file. Names that lead to
/// another folder would let a file name any other file of its reader.
FilePtr OpenFile::beside(const std::string& name) {
  std::string plain = name;
  if (plain.starts_with("./")) plain = plain.substr(2);
  if (plain.empty() || plain == "." || plain == ".." || plain.find('/') != std::string::npos) return nullptr;
  {
    const std::lock_guard guard(format_->mutex);
    const auto known = format_->others.find(plain);
    if (known != format_->others.end()) {
      if (FilePtr open = known->second.lock()) return open;
    }
  }
  const std::filesystem::path there = path_.parent_path() / plain;
  std::error_code error;
  if (!std::filesystem::is_regular_file(there, error)) return nullptr;
  const RandomAccessFile stranger(there);
  std::vector<std::byte> head(static_cast<std::size_t>(std::min<std::int64_t>(stranger.size(), 4096)));
  stranger.read(0, head);
  if (!has_signature(head)) return nullptr;
  FilePtr opened = open(there);
  const std::lock_guard guard(format_->mutex);
  format_->others[plain] = opened;
  return opened;
}

FilePtr OpenFile::open(const std::filesystem::path& path) {
  return with_context([&] { return "'" + path.string() + "'"; }, [&] { return FilePtr(new OpenFile(path)); });
}

OpenFile::OpenFile(const std::filesystem::path& path) : path_(path), format_(std::make_unique<Format>(path)) {}

OpenFile::~OpenFile() = default;

std::int64_t OpenFile::size() const { return static_cast<std::int64_t>(format_->blocks.size()); }

Group OpenFile::root() {
  return with_context(
      [&] { return "'" + path_.string() + "', /"; },
      [&] { return Group(Object::State::of_kind(shared_from_this(), format_->blocks.root(), "/", Kind::group)); });
}

bool has_signature(std::span<const std::byte> head) {
  static constexpr unsigned char signature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};
  // Another format's block may come first, of 512 bytes or a power of two times that.
  for (std::size_t at = 0; at + sizeof signature <= head.size(); at = at == 0 ? 512 : 2 * at) {
    if (std::memcmp(head.data() + at, signature, sizeof signature) == 0) return true;
  }
  return false;
}

}  // namespace ruska::io::hdf5
