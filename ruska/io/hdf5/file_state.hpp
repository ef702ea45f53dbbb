// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "ruska/base/error.hpp"
#include "ruska/io/hdf5/file.hpp"
#include "ruska/io/hdf5/heaps.hpp"
#include "ruska/io/hdf5/links.hpp"
#include "ruska/io/hdf5/object_header.hpp"
#include "ruska/io/hdf5/stored_values.hpp"

/// What file.cpp and array.cpp share; nothing else includes this.
namespace ruska::io::hdf5 {

struct OpenFile::Format {
  explicit Format(const std::filesystem::path& path) : blocks(path), heap(blocks) {}
  std::shared_ptr<const Links> links(std::uint64_t group);

  FileBlocks blocks;
  GlobalHeap heap;
  std::mutex mutex;
  std::map<std::uint64_t, std::shared_ptr<const Links>> known_links;
  std::size_t kept = 0;
  std::map<std::string, std::weak_ptr<OpenFile>> others;
};

struct Object::State {
  State(FilePtr file_in, ObjectHeader header_in, std::string path_in);
  virtual ~State() = default;
  static std::shared_ptr<State> of_kind(const FilePtr& file, std::uint64_t address, std::string path, Kind wanted);
  const std::map<std::string, Block>& attributes();

  FilePtr file;
  ObjectHeader header;
  std::string path;
  std::mutex mutex;
  std::optional<std::map<std::string, Block>> known_attributes;
};

struct Array::ArrayState : Object::State {
  ArrayState(FilePtr file_in, ObjectHeader header_in, std::string path_in, Datatype type_in, Dataspace space_in);
  static std::shared_ptr<State> make(FilePtr file, ObjectHeader header, std::string path);

  Datatype type;  ///< of one number; what an array type is made of
  Dataspace space;
  StoredValues values;
  std::optional<Element> element;
  std::optional<Conversion> conversion;
  std::optional<Element> list_element;  ///< of what lists hold
  std::optional<Conversion> list_conversion;
};

/// Adds the file and the object to errors of `action`.
template <class Action>
decltype(auto) Object::inside(Action&& action) const {
  return with_context([&] { return "'" + file().string() + "', " + path(); }, std::forward<Action>(action));
}

}  // namespace ruska::io::hdf5
