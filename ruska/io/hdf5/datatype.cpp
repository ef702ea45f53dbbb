// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/datatype.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "ruska/base/error.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr int deepest = 16;
constexpr std::size_t most_fields = 64;

using Class = Datatype::Class;

/// Up to version 2 texts within a datatype fill multiples of eight bytes.
std::string padded_text(Cursor& cursor, std::uint64_t version) {
  std::string text = cursor.text();
  if (version < 3) cursor.skip((8 - (text.size() + 1) % 8) % 8);
  return to_utf8(text);
}

std::size_t bytes_to_count(std::size_t limit) {
  return limit == 0 ? 1 : (static_cast<std::size_t>(std::bit_width(limit)) + 7) / 8;
}

Datatype read(Cursor& cursor, int depth);

std::shared_ptr<const Datatype> read_base(Cursor& cursor, int depth) {
  return std::make_shared<const Datatype>(read(cursor, depth + 1));
}

void read_integer(Cursor& cursor, std::uint64_t bits, Datatype& type) {
  type.big_endian = (bits & 1) != 0;
  type.is_signed = (bits & 8) != 0;
  const std::uint64_t offset = cursor.number(2), precision = cursor.number(2);
  type.whole = offset == 0 && precision == 8 * type.size;
}

void read_float(Cursor& cursor, std::uint64_t bits, Datatype& type) {
  type.big_endian = (bits & 1) != 0;
  const bool vax = (bits & 0x40) != 0;
  const std::uint64_t sign = bits >> 8 & 0xff, normalised = bits >> 4 & 3;
  const std::uint64_t offset = cursor.number(2), precision = cursor.number(2);
  const std::uint64_t exponent = cursor.number(1), exponent_bits = cursor.number(1);
  const std::uint64_t mantissa = cursor.number(1), mantissa_bits = cursor.number(1);
  const std::uint64_t bias = cursor.number(4);
  if (vax || offset != 0 || precision != 8 * type.size || normalised != 2 || mantissa != 0) return;
  const std::uint64_t wanted = type.size == 2 ? 10 : type.size == 4 ? 23 : type.size == 8 ? 52 : 0;
  if (wanted == 0) return;
  const std::uint64_t of_exponent = 8 * type.size - 1 - wanted;
  type.whole = sign == 8 * type.size - 1 && mantissa_bits == wanted && exponent == wanted &&
               exponent_bits == of_exponent && bias == (std::uint64_t{1} << (of_exponent - 1)) - 1;
}

void read_compound(Cursor& cursor, std::uint64_t version, std::uint64_t count, Datatype& type, int depth) {
  for (std::uint64_t i = 0; i < count; ++i) {
    Datatype::Member member;
    member.name = padded_text(cursor, version);
    member.offset = static_cast<std::size_t>(cursor.number(version < 3 ? 4 : bytes_to_count(type.size)));
    Shape dimensions;
    if (version == 1) {
      const std::uint64_t rank = cursor.number(1);
      if (rank > 4) cursor.fail("a member of " + std::to_string(rank) + " dimensions");
      cursor.skip(11);
      for (std::uint64_t d = 0; d < 4; ++d) {
        const auto length = static_cast<std::int64_t>(cursor.number(4));
        if (d < rank) dimensions.push_back(length);
      }
    }
    member.type = read_base(cursor, depth);
    if (!dimensions.empty()) {
      Datatype array;
      array.type_class = Class::array;
      Shape all = dimensions;
      all.push_back(static_cast<std::int64_t>(member.type->size));
      array.size = static_cast<std::size_t>(ruska::count(all));
      array.base = member.type;
      array.dimensions = dimensions;
      member.type = std::make_shared<const Datatype>(std::move(array));
    }
    if (member.type->size > type.size || member.offset > type.size - member.type->size) {
      cursor.fail("the member '" + member.name + "' lies outside its structure");
    }
    type.members.push_back(std::move(member));
  }
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const Datatype::Member& member : type.members) places.emplace_back(member.offset, member.type->size);
  std::sort(places.begin(), places.end());
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i].first < places[i - 1].first + places[i - 1].second) cursor.fail("members of a structure overlap");
  }
}

void read_enumeration(Cursor& cursor, std::uint64_t version, std::uint64_t count, Datatype& type, int depth) {
  type.base = read_base(cursor, depth);
  if (type.base->size != type.size) cursor.fail("an enumeration that differs in size from its numbers");
  for (std::uint64_t i = 0; i < count; ++i) type.names.push_back(padded_text(cursor, version));
  const auto values = cursor.take(count * type.size);
  type.values.assign(values.begin(), values.end());
}

void read_array(Cursor& cursor, std::uint64_t version, Datatype& type, int depth) {
  const std::uint64_t rank = cursor.number(1);
  if (version < 3) cursor.skip(3);
  for (std::uint64_t d = 0; d < rank; ++d) type.dimensions.push_back(static_cast<std::int64_t>(cursor.number(4)));
  if (version < 3) cursor.skip(4 * rank);
  type.base = read_base(cursor, depth);
  Shape all = type.dimensions;
  all.push_back(static_cast<std::int64_t>(type.base->size));
  if (static_cast<std::size_t>(count(all)) != type.size) {
    cursor.fail("an array type " + to_string(type.dimensions) + " of " + std::to_string(type.size) + " bytes");
  }
}

Datatype read(Cursor& cursor, int depth) {
  if (depth > deepest) cursor.fail("datatypes nested too deep");
  const std::uint64_t head = cursor.number(1);
  const std::uint64_t version = head >> 4;
  if (version < 1 || version > 4) cursor.fail("a datatype of version " + std::to_string(version));
  const std::uint64_t bits = cursor.number(3);
  Datatype type;
  type.type_class = static_cast<Class>(head & 15);
  type.size = static_cast<std::size_t>(cursor.number(4));
  if (type.size == 0) cursor.fail("elements of no bytes");
  switch (type.type_class) {
    case Class::integer:
    case Class::bit_field: read_integer(cursor, bits, type); break;
    case Class::floating: read_float(cursor, bits, type); break;
    case Class::time: cursor.skip(2); break;
    case Class::text: type.padding = static_cast<Datatype::Padding>(std::min<std::uint64_t>(bits & 15, 2)); break;
    case Class::opaque: cursor.skip(bits & 0xff); break;
    case Class::compound: read_compound(cursor, version, bits & 0xffff, type, depth); break;
    case Class::reference: type.reference_kind = static_cast<unsigned>(bits & 15); break;
    case Class::enumeration: read_enumeration(cursor, version, bits & 0xffff, type, depth); break;
    case Class::list:
      type.variable_text = (bits & 15) == 1;
      type.base = read_base(cursor, depth);
      if (type.size != 8 + cursor.widths().address)
        cursor.fail("a list type of " + std::to_string(type.size) + " bytes");
      break;
    case Class::array: read_array(cursor, version, type, depth); break;
    default:
      throw Error(ErrorKind::unsupported,
                  "at byte " + std::to_string(cursor.place()) + ": a datatype of class " + std::to_string(head & 15));
  }
  return type;
}

std::optional<DType> number_type(const Datatype& type) {
  if (!type.whole) return std::nullopt;
  if (type.type_class == Class::floating) return type.size == 8 ? DType::float64 : DType::float32;
  if (type.type_class != Class::integer && type.type_class != Class::bit_field) return std::nullopt;
  switch (type.size) {
    case 1: return type.is_signed ? DType::int8 : DType::uint8;
    case 2: return type.is_signed ? DType::int16 : DType::uint16;
    case 4: return type.is_signed ? DType::int32 : DType::uint32;
    case 8: return type.is_signed ? DType::int64 : DType::uint64;
    default: return std::nullopt;
  }
}

std::optional<Element> structure(const Datatype& type) {
  if (type.members.empty() || type.members.size() > most_fields) return std::nullopt;
  Element element;
  std::size_t end = 0;
  for (const Datatype::Member& member : type.members) {
    const auto dtype = number_type(*member.type);
    const bool first = &member == &type.members.front();
    if (!dtype || (!first && (*dtype != element.dtype || member.type->size != type.members.front().type->size)) ||
        member.offset < end) {
      return std::nullopt;
    }
    end = member.offset + member.type->size;
    element.dtype = *dtype;
    element.fields.push_back(member.name);
  }
  const auto begins = [](const std::string& name, char letter) { return !name.empty() && name[0] == letter; };
  const bool floats = element.dtype == DType::float32 || element.dtype == DType::float64;
  if (type.members.size() == 2 && floats && begins(element.fields[0], 'r') && begins(element.fields[1], 'i')) {
    element.dtype = element.dtype == DType::float32 ? DType::complex64 : DType::complex128;
    element.real = element.fields[0];
    element.imaginary = element.fields[1];
    element.fields.clear();
  }
  return element;
}

/// IEEE 754 binary16.
float from_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const float magnitude = exponent == 31  ? (mantissa == 0 ? INFINITY : NAN)
                          : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                          : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

}  // namespace

bool Datatype::is_boolean() const {
  return type_class == Class::enumeration && size == 1 && names == std::vector<std::string>{"FALSE", "TRUE"};
}

Datatype read_datatype(Cursor& message) { return read(message, 0); }

std::optional<Element> element_of(const Datatype& type) {
  if (type.is_boolean()) return Element{DType::uint8, {}, true};
  if (type.type_class == Class::compound) return structure(type);
  const auto dtype = number_type(type.type_class == Class::enumeration ? *type.base : type);
  if (!dtype) return std::nullopt;
  return Element{*dtype};
}

std::string name_of(const Datatype& type) {
  switch (type.type_class) {
    case Class::integer: return "integer of " + std::to_string(type.size) + " bytes";
    case Class::floating: return "float of " + std::to_string(type.size) + " bytes";
    case Class::time: return "time";
    case Class::text: return "text";
    case Class::bit_field: return "bit field";
    case Class::opaque: return "opaque bytes";
    case Class::compound: return "structure of unlike members";
    case Class::reference: return "reference";
    case Class::enumeration: return "enumeration";
    case Class::list: return type.variable_text ? "text" : "ragged list";
    case Class::array: return "array type";
  }
  return "unknown type";
}

Conversion::Conversion(const Datatype& type) : stored_(type.size) {
  if (type.type_class == Class::compound) {
    for (const Datatype::Member& member : type.members) add(*member.type, member.offset);
  } else {
    add(type.type_class == Class::enumeration ? *type.base : type, 0);
  }
  native_ = parts_.size() * (half_ ? 4 : width_);
  bool packed = !half_;
  for (std::size_t i = 0; i < parts_.size(); ++i) packed = packed && parts_[i].offset == i * width_;
  keeps_size_ = packed && native_ == stored_;
  const auto is_swapped = [](const Part& part) { return part.swapped; };
  all_swapped_ = std::all_of(parts_.begin(), parts_.end(), is_swapped);
  straight_ = keeps_size_ && std::none_of(parts_.begin(), parts_.end(), is_swapped);
  keeps_size_ = keeps_size_ && (straight_ || all_swapped_);
}

void Conversion::add(const Datatype& number, std::size_t offset) {
  const bool native_is_big = std::endian::native == std::endian::big;
  width_ = number.size;
  half_ = number.type_class == Class::floating && number.size == 2;
  parts_.push_back({offset, number.size > 1 && number.big_endian != native_is_big});
}

void Conversion::in_place(std::span<std::byte> values) const {
  if (straight_) return;
  swap_bytes(values, width_ == 2 ? DType::uint16 : width_ == 4 ? DType::uint32 : DType::uint64);
}

void Conversion::operator()(std::span<const std::byte> stored, std::span<std::byte> native) const {
  const std::size_t wide = half_ ? 4 : width_;
  std::byte* to = native.data();
  for (const std::byte* from = stored.data(); from + stored_ <= stored.data() + stored.size(); from += stored_) {
    for (const Part& part : parts_) {
      std::byte number[8];
      std::memcpy(number, from + part.offset, width_);
      if (part.swapped) std::reverse(number, number + width_);
      if (half_) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, number, sizeof bits);
        const float value = from_half(bits);
        std::memcpy(number, &value, sizeof value);
      }
      std::memcpy(to, number, wide);
      to += wide;
    }
  }
}

}  // namespace ruska::io::hdf5
