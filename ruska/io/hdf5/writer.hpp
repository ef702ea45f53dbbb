// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ruska/base/json.hpp"
#include "ruska/core/sink.hpp"
#include "ruska/io/hdf5/element.hpp"

/// Writing HDF5 files, through the library (1.10, serial). Every call into it holds one process-wide lock, it prints
/// nothing, and every failure is a ruska::Error of the kind io with the file and the object's path.
namespace ruska::io::hdf5 {

/// How a new array lies in the file.
struct Chunking {
  Shape chunk{};  ///< empty for contiguous
  int gzip = 0;   ///< 1 to 9, after a shuffle; 0 for none
};

/// An object of a file that is being written. Copies share it.
class ObjectWriter {
 public:
  /// From the root: "/Experiments/map".
  const std::string& path() const;
  /// Writes a truth value, number, text, or an array of numbers or texts. Replaces one that is there.
  void set_attribute(const std::string& name, const Json& value) const;

 protected:
  struct State;
  explicit ObjectWriter(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
  friend class FileWriter;
};

class ArrayWriter : public ObjectWriter {
 public:
  /// Storage chunk; empty when storage is not chunked.
  const Shape& chunk() const;
  /// What a sink that writes this array tells of it.
  Storage storage() const;
  /// Writes a box; `values` in C order, native byte order. A box of whole compressed chunks is compressed by several
  /// threads. Throws invalid_argument for a wrong region, io.
  void write(const Region& region, std::span<const std::byte> values) const;
  /// Makes this array of coordinates one that `attach_scales` may take (HDF5 dimension scales, version 0.1).
  void mark_as_scale(const std::string& name) const;
  /// Says which array of coordinates belongs to each axis, in order.
  void attach_scales(const std::vector<ArrayWriter>& scales) const;

 private:
  struct ArrayState;
  explicit ArrayWriter(std::shared_ptr<State> state) : ObjectWriter(std::move(state)) {}
  void write_chunks(const Region& region, std::span<const std::byte> values) const;
  friend class GroupWriter;
};

class GroupWriter : public ObjectWriter {
 public:
  /// `ordered` keeps the order in which members are made.
  GroupWriter create_group(const std::string& name, bool ordered = false) const;
  ArrayWriter create_array(const std::string& name, const Element& element, const Shape& shape,
                           const Chunking& chunking = {}) const;
  ArrayWriter write_numbers(const std::string& name, DType dtype, const Shape& shape,
                            std::span<const std::byte> values) const;
  /// Lists of different lengths, one per element in C order, each `element`s one after the other.
  ArrayWriter write_lists(const std::string& name, const Element& element, const Shape& shape,
                          const std::vector<std::vector<std::byte>>& lists) const;
  ArrayWriter write_texts(const std::string& name, const std::vector<std::string>& values) const;
  ArrayWriter write_text(const std::string& name, const std::string& value) const;

 private:
  explicit GroupWriter(std::shared_ptr<State> state) : ObjectWriter(std::move(state)) {}
  friend class FileWriter;
};

class FileWriter {
 public:
  /// Makes or empties the file. Throws io.
  explicit FileWriter(const std::filesystem::path& path);
  ~FileWriter();
  FileWriter(FileWriter&&) noexcept;
  FileWriter& operator=(FileWriter&&) noexcept;

  GroupWriter root() const;
  /// Writes everything out; throws io. The file's objects must not be used afterwards.
  void close();

 private:
  struct Open;
  std::shared_ptr<Open> open_;
  friend class ObjectWriter;
  friend class ArrayWriter;
  friend class GroupWriter;
};

/// "1.10.8": the library that writes.
std::string library_version();

}  // namespace ruska::io::hdf5
