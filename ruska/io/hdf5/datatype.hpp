// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ruska/core/axis.hpp"
#include "ruska/io/hdf5/element.hpp"
#include "ruska/io/hdf5/object_header.hpp"

namespace ruska::io::hdf5 {

/// What one stored element is (IV.A.2.d), versions 1 to 4 of the message.
struct Datatype {
  enum class Class : std::uint8_t {
    integer = 0,
    floating = 1,
    time = 2,
    text = 3,
    bit_field = 4,
    opaque = 5,
    compound = 6,
    reference = 7,
    enumeration = 8,
    list = 9,
    array = 10,
  };
  enum class Padding : std::uint8_t { null_terminated = 0, null_padded = 1, space_padded = 2 };
  struct Member {
    std::string name;
    std::size_t offset = 0;
    std::shared_ptr<const Datatype> type;
  };

  Class type_class{};
  std::size_t size = 0;  ///< bytes as stored
  bool big_endian = false, is_signed = false;
  bool whole = false;                    ///< a number without unused bits, a float as IEEE 754 has it
  Padding padding{};                     ///< of texts of fixed length
  bool variable_text = false;            ///< a list that is a text
  unsigned reference_kind = 0;           ///< 0 for objects
  std::vector<Member> members{};         ///< of a compound
  std::vector<std::string> names{};      ///< of an enumeration
  std::vector<std::byte> values{};       ///< of an enumeration, one of `base` each
  std::shared_ptr<const Datatype> base;  ///< of enumerations, lists and arrays
  Shape dimensions{};                    ///< of an array

  bool is_text() const { return type_class == Class::text || variable_text; }
  /// NumPy's truth values: an enumeration of FALSE and TRUE over a byte.
  bool is_boolean() const;
};

/// Throws bad_data, unsupported.
Datatype read_datatype(Cursor& message);

/// Nothing when ruska has no dtype for it.
std::optional<Element> element_of(const Datatype& type);

/// "integer of 3 bytes", "ragged list": for messages.
std::string name_of(const Datatype& type);

/// From a stored element to what `Element` promises: native byte order, members packed.
class Conversion {
 public:
  /// `type` is one that `element_of` knows.
  explicit Conversion(const Datatype& type);

  std::size_t stored_bytes() const { return stored_; }
  std::size_t native_bytes() const { return native_; }
  /// Stored elements have the native size, so `in_place` may be used.
  bool keeps_size() const { return keeps_size_; }
  void in_place(std::span<std::byte> values) const;
  void operator()(std::span<const std::byte> stored, std::span<std::byte> native) const;

 private:
  struct Part {
    std::size_t offset;
    bool swapped;
  };
  void add(const Datatype& number, std::size_t offset);

  std::size_t stored_ = 0, native_ = 0;
  std::size_t width_ = 0;  // of every part as stored
  bool half_ = false;      // parts are floats of two bytes, which become four
  bool keeps_size_ = false, straight_ = false, all_swapped_ = false;
  std::vector<Part> parts_;
};

}  // namespace ruska::io::hdf5
