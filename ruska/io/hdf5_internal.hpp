// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include <hdf5.h>

#include "ruska/io/hdf5.hpp"

/// What the source files of the HDF5 layer share; nothing outside the layer includes this.
namespace ruska::io::hdf5 {

static_assert(sizeof(hid_t) == sizeof(Id));

/// An HDF5 identifier that is closed when dropped.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() { reset(); }
  void reset() {
    if (id_ < 0) return;
    const Lock lock;
    close_(std::exchange(id_, -1));
  }
  explicit operator bool() const { return id_ >= 0; }
  operator hid_t() const { return id_; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

struct Object::State {
  State(FilePtr file_in, Handle handle_in, std::string path_in)
      : file(std::move(file_in)), handle(std::move(handle_in)), path(std::move(path_in)) {}
  virtual ~State() = default;
  FilePtr file;  // closed after the handle
  Handle handle;
  std::string path;
};

/// Checks addresses and references to texts of variable length before HDF5 follows them.
class ReferenceCheck {
 public:
  /// `base` is where the HDF5 part of the file begins.
  ReferenceCheck(std::filesystem::path path, std::int64_t size, std::uint64_t base);

  /// The addresses in the object header at `object`. Throws bad_data.
  void object(std::uint64_t object) const;
  /// The attribute `name` of the object whose header lies at `object`. Attributes that are not in the header itself
  /// (HDF5 stores many or large ones elsewhere, with checksums) pass. Throws bad_data.
  void attribute(std::uint64_t object, const std::string& name, std::int64_t elements) const;
  /// References as they are stored. Throws bad_data.
  void references(const std::vector<std::byte>& values, std::int64_t elements) const;

  std::uint64_t base() const { return base_; }
  std::vector<std::byte> bytes(std::uint64_t address, std::uint64_t count) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  using Collection = std::map<std::uint32_t, std::uint64_t>;  // size of each text by index
  const Collection& collection(std::uint64_t address) const;

  std::filesystem::path path_;
  mutable std::ifstream stream_;
  std::uint64_t size_, base_;
  mutable std::map<std::uint64_t, Collection> collections_;
};

/// HDF5's own words on the failure that just happened, and whether the operating system refused.
struct Failure {
  ErrorKind kind = ErrorKind::bad_data;
  std::string words;
};
Failure last_failure();

/// Throws with HDF5's words; `path` may be empty.
[[noreturn]] void throw_failure(const std::filesystem::path& file, const std::string& path, const std::string& doing,
                                bool writing = false);

/// The packed, native-order type in which elements are handed out.
Handle memory_type(const Element& element);
/// Nothing when ruska has no dtype for the type.
std::optional<Element> element_of(hid_t type);
/// The fixed extent of a dataspace; nothing for an empty (null) one.
std::optional<Shape> shape_of(hid_t space);
Handle text_type();

/// "integer of 3 bytes", "ragged list": for messages.
std::string class_name(hid_t type);

}  // namespace ruska::io::hdf5
