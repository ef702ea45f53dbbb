// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/base/dtype.hpp"
#include "ruska/core/source.hpp"

/// The one layer between ruska and the HDF5 C API (1.10, serial). Every call into HDF5 holds one process-wide lock,
/// HDF5 prints nothing, and every failure is a ruska::Error with the file and the object's path.
namespace ruska::io::hdf5 {

using Id = std::int64_t;  ///< HDF5's hid_t

/// Holds the lock under which alone HDF5 may be called; may be taken again by the thread that holds it.
class Lock {
 public:
  Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

/// What the elements of an array are.
struct Element {
  DType dtype = DType::float32;
  std::vector<std::string> fields{};        ///< of a structure whose members all have `dtype`; empty for plain numbers
  bool boolean = false;                     ///< an enumeration of FALSE and TRUE
  std::string real = "r", imaginary = "i";  ///< what the file calls the parts of complex numbers

  std::int64_t bytes() const;
};

enum class Kind { none, group, array, other };

class Group;
class Array;
class ReferenceCheck;
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
  /// Numbers, truth values, texts and arrays of them; null when absent or empty; bytes become "0x…".
  /// What JSON cannot hold (references, ragged arrays) becomes a sentence in angle brackets.
  Json attribute(const std::string& name) const;
  std::optional<double> number(const std::string& name) const;
  /// Absent, null and other types give nothing.
  std::optional<std::string> text(const std::string& name) const;

  /// Writes a truth value, number, text, or an array of numbers or texts. Replaces one that is there.
  void set_attribute(const std::string& name, const Json& value) const;

  /// Throws an Error whose message names the file and this object.
  [[noreturn]] void fail(ErrorKind kind, const std::string& what) const;

 protected:
  struct State;
  explicit Object(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
  /// Refuses an attribute whose texts HDF5 could not read safely; `elements` of it.
  void check_texts(const std::string& attribute, std::int64_t elements) const;
  void check_addresses() const;
  const ReferenceCheck* reference_check() const;
  friend class Group;
  friend class OpenFile;
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

  /// Fills `out` with a box in C order, native byte order, structures packed. Chunks compressed with gzip, with or
  /// without shuffle, are decoded by the calling thread outside the lock and kept in a cache of bounded size.
  /// Throws invalid_argument for a wrong region, bad_data, io.
  void read(const Region& region, std::span<std::byte> out) const;
  std::vector<std::byte> read_all() const;
  /// All values converted; throws unsupported unless they are real numbers.
  std::vector<double> read_numbers() const;
  /// The first or only text; throws bad_data when there is none.
  std::string read_text() const;
  std::vector<std::string> read_texts() const;
  /// As `Object::attribute`. Arrays of more than 65536 elements become a sentence in angle brackets.
  Json value() const;

  /// Decoded chunks kept at most, in bytes (64 MiB unless set). Never changes what is read.
  void set_cache(std::int64_t bytes) const;

  /// Writes a box; `values` in C order, native byte order.
  void write(const Region& region, std::span<const std::byte> values) const;

 private:
  struct ArrayState;
  Json value_up_to(std::int64_t elements) const;
  void check_stored_texts() const;
  explicit Array(std::shared_ptr<State> state) : Object(std::move(state)) {}
  ArrayState& array() const;
  friend class Group;
};

/// How a new array lies in the file.
struct Storage {
  Shape chunk{};  ///< empty for contiguous
  int gzip = 0;   ///< 1 to 9, after a shuffle; 0 for none
};

class Group : public Object {
 public:
  /// In the order in which they were made where the file keeps it, else of names. External links are left out.
  std::vector<std::string> names() const;
  /// What a path of names leads to; none also for links that lead nowhere or out of the file.
  Kind kind(const std::string& name) const;
  bool has_group(const std::string& name) const { return kind(name) == Kind::group; }
  bool has_array(const std::string& name) const { return kind(name) == Kind::array; }
  /// Throw bad_data when it is not there or of another kind.
  Group group(const std::string& name) const;
  Array array(const std::string& name) const;

  /// `ordered` keeps the order in which members are made.
  Group create_group(const std::string& name, bool ordered = false) const;
  Array create_array(const std::string& name, const Element& element, const Shape& shape,
                     const Storage& storage = {}) const;
  void write_numbers(const std::string& name, DType dtype, const Shape& shape, std::span<const std::byte> values) const;
  void write_texts(const std::string& name, const std::vector<std::string>& values) const;
  void write_text(const std::string& name, const std::string& value) const;

 private:
  explicit Group(std::shared_ptr<State> state) : Object(std::move(state)) {}
  friend class OpenFile;
};

class OpenFile : public std::enable_shared_from_this<OpenFile> {
 public:
  /// Throws not_found, io, and bad_data when the file is no HDF5 file or is damaged or cut short.
  static FilePtr open(const std::filesystem::path& path);
  /// Makes or empties the file. Throws io.
  static FilePtr create(const std::filesystem::path& path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  Group root();
  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const { return size_; }
  /// Writes everything out; throws io. The objects of a created file must not be used afterwards.
  void close();

 private:
  OpenFile(std::filesystem::path path, Id id, std::int64_t size, bool writing);
  std::filesystem::path path_;
  Id id_;
  std::int64_t size_;
  bool writing_;
  std::unique_ptr<ReferenceCheck> reference_check_;  ///< of files that are read
  friend class Object;
};

/// Whether a file begins with HDF5's signature, seen from its first bytes.
bool has_signature(std::span<const std::byte> head);

/// A signal whose values are one array of the file. Axis i of the description runs along axis `order[i]` of the array;
/// array axes that `order` leaves out stay at the index `fixed` gives for them. With fields, the description has one
/// more, last axis that runs over them.
class Hdf5Source : public Source {
 public:
  /// `description` needs its axes; dtype, chunk and fields are filled from the array. Throws bad_data when lengths
  /// differ and when the array claims far more bytes than its file can hold.
  Hdf5Source(Description description, Array array, std::vector<int> order, Shape fixed = {});
  /// Axes in the order of the array.
  Hdf5Source(Description description, Array array);

  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override;
  const Array& array() const { return array_; }

 private:
  Description description_;
  Array array_;
  std::vector<int> order_;
  Shape fixed_;
};

/// A chunk of about a mebibyte for spectra and images that are read in C order: whole signals, then as much of the
/// navigation axes as fits, fastest first.
Shape chunk_for(const Description& description);

}  // namespace ruska::io::hdf5
