// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/values.hpp"

#include <cstring>

#include "ruska/base/error.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::hdf5 {
namespace {

using Class = Datatype::Class;

std::string hexadecimal(std::span<const std::byte> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::string fixed_text(std::span<const std::byte> bytes, Datatype::Padding padding) {
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  text.resize(std::min(text.find('\0'), text.size()));
  if (padding == Datatype::Padding::space_padded) text.resize(text.find_last_not_of(' ') + 1);
  return to_utf8(text);
}

std::size_t count_of(std::span<const std::byte> bytes, const Datatype& type) { return bytes.size() / type.size; }

std::span<const std::byte> element_at(std::span<const std::byte> bytes, const Datatype& type, std::size_t index) {
  return bytes.subspan(index * type.size, type.size);
}

}  // namespace

ListPlace list_place(std::span<const std::byte> element, Widths widths) {
  Cursor cursor(element, 0, widths);
  const std::uint64_t length = cursor.number(4), heap = cursor.address(), index = cursor.number(4);
  if (heap != 0 && heap != undefined_address && index != 0) return {length, heap, index};
  if (length != 0) throw Error(ErrorKind::bad_data, "a value of " + std::to_string(length) + " elements is nowhere");
  return {};
}

Block ValueReader::list(const Datatype& type, std::span<const std::byte> element) {
  const auto [count, address, index] = list_place(element, file_.widths());
  if (index == 0) return {};
  Block values = heap_.object(address, index);
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, std::uint64_t{type.base->size}, &bytes) || bytes > values.bytes.size()) {
    fail_at(values.place,
            "a value of " + std::to_string(count) + " elements has " + std::to_string(values.bytes.size()) + " bytes");
  }
  values.bytes.resize(static_cast<std::size_t>(bytes));
  bytes_ += bytes;
  if (bytes_ > file_.size()) fail_at(values.place, "values of more bytes than the file has");
  return values;
}

std::string ValueReader::text(const Datatype& type, std::span<const std::byte> element) {
  if (type.variable_text) return fixed_text(list(type, element).bytes, Datatype::Padding::null_terminated);
  return fixed_text(element, type.padding);
}

Json ValueReader::value(const Datatype& type, std::span<const std::byte> element, int depth) {
  // Lists in lists come from the heap, whose objects could contain one another only by way of a type as deep.
  if (depth > 32) throw Error(ErrorKind::bad_data, "values nested too deep");
  if (type.is_text()) return text(type, element);
  const auto many = [&](const Datatype& base, std::span<const std::byte> bytes) {
    Json values = Json::array();
    for (std::size_t i = 0; i < count_of(bytes, base); ++i) {
      values.push_back(value(base, element_at(bytes, base, i), depth + 1));
    }
    return values;
  };
  switch (type.type_class) {
    case Class::opaque: return hexadecimal(element);
    case Class::list: return many(*type.base, list(type, element).bytes);
    case Class::array: return nested(*type.base, type.dimensions, element);
    default: break;
  }
  if (const auto known = element_of(type); known && known->fields.empty()) {
    const Conversion convert(type);
    std::vector<std::byte> native(convert.native_bytes());
    convert(element, native);
    if (known->boolean) return native[0] != std::byte{0};
    return visit_dtype(known->dtype, [&]<class T>() -> Json {
      T number;
      std::memcpy(&number, native.data(), sizeof number);
      if constexpr (is_complex_v<T>)
        return Json::array({number.real(), number.imag()});
      else
        return number;
    });
  }
  if (type.type_class == Class::compound) {
    Json object = Json::object();
    for (const Datatype::Member& member : type.members) {
      object[member.name] = value(*member.type, element.subspan(member.offset, member.type->size), depth + 1);
    }
    return object;
  }
  return "<" + name_of(type) + ">";
}

Json ValueReader::nested(const Datatype& type, const Shape& shape, std::span<const std::byte> stored) {
  Shape all = shape;
  all.push_back(static_cast<std::int64_t>(type.size));
  if (static_cast<std::uint64_t>(count(all)) > stored.size()) {
    throw Error(ErrorKind::bad_data, "a value " + to_string(shape) + " of " + name_of(type) + " has " +
                                         std::to_string(stored.size()) + " bytes");
  }
  if (count(shape) == 0) return Json::array();
  std::size_t next = 0;
  const auto fold = [&](const auto& self, std::size_t axis) -> Json {
    if (axis == shape.size()) return value(type, element_at(stored, type, next++), 0);
    Json list = Json::array();
    for (std::int64_t i = 0; i < shape[axis]; ++i) list.push_back(self(self, axis + 1));
    return list;
  };
  return fold(fold, 0);
}

std::vector<std::uint64_t> ValueReader::references(const Datatype& type, std::int64_t elements,
                                                   std::span<const std::byte> stored) {
  std::vector<std::uint64_t> addresses;
  const auto collect = [&](const auto& self, const Datatype& one, std::span<const std::byte> bytes) -> void {
    for (std::size_t i = 0; i < count_of(bytes, one); ++i) {
      const auto element = element_at(bytes, one, i);
      if (one.type_class == Class::reference && one.reference_kind == 0) {
        Cursor cursor(element, 0, file_.widths());
        addresses.push_back(cursor.address());
      } else if (one.type_class == Class::compound) {
        for (const auto& member : one.members)
          self(self, *member.type, element.subspan(member.offset, member.type->size));
      } else if (one.type_class == Class::list && !one.variable_text) {
        const Block values = list(one, element);
        self(self, *one.base, values.bytes);
      } else if (one.type_class == Class::array) {
        self(self, *one.base, element);
      }
    }
  };
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(elements), std::uint64_t{type.size}, &bytes) ||
      bytes > stored.size()) {
    throw Error(ErrorKind::bad_data, "references are cut short");
  }
  collect(collect, type, stored.first(static_cast<std::size_t>(bytes)));
  return addresses;
}

}  // namespace ruska::io::hdf5
