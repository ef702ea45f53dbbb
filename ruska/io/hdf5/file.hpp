// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruska/base/json.hpp"
#include "ruska/core/source.hpp"
#include "ruska/io/hdf5/element.hpp"

/// Reading HDF5 files, by ruska's own code (docs/decisions/0006-hdf5-reading.md); writer.hpp writes them. No lock
/// is held while values are read, everything may be used from several threads at once, and every failure is a
/// ruska::Error with the file and the object's path.
namespace ruska::io::hdf5 {

enum class Kind { none, group, array, other };

class Group;
class Array;
class OpenFile;
using FilePtr = std::shared_ptr<OpenFile>;

/// An opened object of a file. Copies share it; the file stays open while any of them lives.
class Object {
 public:
  /// From the root: "/Experiments/map".
  const std::string& path() const;
  const std::filesystem::path& file() const;
  /// Size of the file in bytes when it was opened.
  std::int64_t file_size() const;
  /// Tells objects of one file apart, whatever name led to them.
  std::uint64_t address() const;

  /// In the order of names.
  std::vector<std::string> attribute_names() const;
  bool has_attribute(const std::string& name) const;
  /// Numbers, truth values, texts, structures and arrays and lists of them; null when absent or empty; bytes become
  /// "0x…". What JSON cannot hold (references, times) becomes a word in angle brackets.
  Json attribute(const std::string& name) const;
  std::optional<double> number(const std::string& name) const;
  /// Absent, null and other types give nothing.
  std::optional<std::string> text(const std::string& name) const;
  /// The addresses of the objects that an attribute's references lead to, those in lists and structures too, in order.
  /// Group::group_at and array_at open them.
  std::vector<std::uint64_t> references(const std::string& name) const;

  /// Throws an Error whose message names the file and this object.
  [[noreturn]] void fail(ErrorKind kind, const std::string& what) const;

 protected:
  struct State;
  explicit Object(std::shared_ptr<State> state) : state_(std::move(state)) {}
  template <class Action>
  decltype(auto) inside(Action&& action) const;
  std::shared_ptr<State> state_;
  friend class Group;
  friend class OpenFile;
};

/// One list of an array whose elements are lists: how many entries, and where they lie.
struct StoredList {
  std::int64_t length = 0;
  std::uint64_t heap = 0, index = 0;
};

class Array : public Object {
 public:
  const Shape& shape() const;
  /// Storage chunk; empty when storage is not chunked.
  const Shape& chunk() const;
  bool is_text() const;
  /// Whether `element()` would succeed.
  bool is_numeric() const;
  /// Throws unsupported for elements that ruska has no dtype for.
  const Element& element() const;
  /// What the entries are where the elements are lists of numbers, or of structures of numbers of one kind.
  const std::optional<Element>& list_element() const;
  /// Throws unsupported where the values lie in other files or are filtered in a way that is not known.
  void check_readable() const;

  /// Fills `out` with a box in C order, native byte order, structures packed. Chunks are decoded on all threads.
  /// Throws invalid_argument for a wrong region, bad_data, io, unsupported.
  void read(const Region& region, std::span<std::byte> out) const;
  /// Throws bad_data for more values than the file can justify.
  std::vector<std::byte> read_all() const;
  /// All values converted; throws unsupported unless they are real numbers.
  std::vector<double> read_numbers() const;
  /// The first or only text; throws bad_data when there is none.
  std::string read_text() const;
  std::vector<std::string> read_texts() const;
  /// As `Object::attribute`. Arrays of more than 65536 elements become a sentence in angle brackets.
  Json value() const;
  /// All lists in C order, without their entries. Throws unsupported where there is no `list_element()`, bad_data for a
  /// list longer than the file.
  std::vector<StoredList> lists() const;
  /// The entries of one of them, native byte order, structures packed. Throws bad_data.
  std::vector<std::byte> entries(const StoredList& list) const;
  /// The addresses that the array's own references lead to.
  std::vector<std::uint64_t> references() const;
  using Object::references;

  /// Decoded chunks kept at most, in bytes (64 MiB unless set). Never changes what is read.
  void set_cache(std::int64_t bytes) const;
  /// Bytes that the cache may come to hold; 0 where values are stored as they are.
  std::int64_t buffered() const;

 private:
  struct ArrayState;
  explicit Array(std::shared_ptr<State> state) : Object(std::move(state)) {}
  const ArrayState& array() const;
  std::vector<std::byte> read_stored() const;
  friend class Object;
  friend class Group;
  friend class OpenFile;
};

class Group : public Object {
 public:
  /// In the order in which they were made where the file keeps it, else of names; links into other files too.
  std::vector<std::string> names() const;
  /// What a path of names leads to; none also for links that lead nowhere. Links into other files are followed where
  /// the other file is named without a folder and lies beside this one.
  Kind kind(const std::string& name) const;
  bool has_group(const std::string& name) const { return kind(name) == Kind::group; }
  bool has_array(const std::string& name) const { return kind(name) == Kind::array; }
  /// Throw bad_data when it is not there or of another kind.
  Group group(const std::string& name) const;
  Array array(const std::string& name) const;
  /// What a reference leads to. Throw bad_data when it is of another kind.
  Kind kind_at(std::uint64_t address) const;
  Group group_at(std::uint64_t address) const;
  Array array_at(std::uint64_t address) const;

 private:
  explicit Group(std::shared_ptr<State> state) : Object(std::move(state)) {}
  friend class OpenFile;
};

class OpenFile : public std::enable_shared_from_this<OpenFile> {
 public:
  /// Throws not_found, io, and bad_data when the file is no HDF5 file or is damaged or cut short.
  static FilePtr open(const std::filesystem::path& path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  Group root();
  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const;

 private:
  struct Format;
  struct Target {
    FilePtr file;
    std::uint64_t address;
  };
  explicit OpenFile(const std::filesystem::path& path);
  /// Follows a path of names from the group at an address; `links` counts the links followed.
  std::optional<Target> find(std::uint64_t group, const std::string& path, int& links);
  FilePtr beside(const std::string& name);

  std::filesystem::path path_;
  std::unique_ptr<Format> format_;
  friend class Object;
  friend class Group;
  friend class Array;
};

/// Whether a file begins with HDF5's signature, seen from its first bytes.
bool has_signature(std::span<const std::byte> head);

}  // namespace ruska::io::hdf5
