// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/npy/header.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>

#include "ruska/io/little_endian.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::npy {

namespace {

struct TypeCode {
  std::string_view code;
  DType dtype;
};
/// NumPy's truth values are bytes that hold 0 or 1 and are read as such.
constexpr TypeCode type_codes[] = {
    {"b1", DType::uint8},       {"u1", DType::uint8},   {"u2", DType::uint16},  {"u4", DType::uint32},
    {"u8", DType::uint64},      {"i1", DType::int8},    {"i2", DType::int16},   {"i4", DType::int32},
    {"i8", DType::int64},       {"f4", DType::float32}, {"f8", DType::float64}, {"c8", DType::complex64},
    {"c16", DType::complex128},
};

std::string code_of(DType dtype) {
  const char order = size_of(dtype) == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  for (const TypeCode& one : type_codes) {
    if (one.dtype == dtype && one.code != "b1") return order + std::string(one.code);
  }
  throw Error(ErrorKind::internal, "no NumPy code for " + std::string(name_of(dtype)));
}

struct TypeAndOrder {
  DType dtype;
  bool big_endian;
};

TypeAndOrder type_of(std::string_view descr) {
  if (descr.size() >= 3) {
    const char order = descr[0];
    const bool known_order = order == '<' || order == '>' || order == '|' || order == '=';
    for (const TypeCode& one : type_codes) {
      if (known_order && descr.substr(1) == one.code) {
        const bool machine_is_big = std::endian::native == std::endian::big;
        return {one.dtype, order == '>' || (order == '=' && machine_is_big)};
      }
    }
  }
  throw Error(ErrorKind::unsupported, "the NumPy dtype '" + std::string(descr.substr(0, 40)) +
                                          "' is none that ruska holds (integers of 8 to 64 bits, float32, float64, "
                                          "complex64, complex128); convert it in NumPy with .astype()");
}

/// A reader of the few Python literals that a header is made of.
class Literals {
 public:
  explicit Literals(std::string_view text) : text_(text) {}

  [[noreturn]] void fail(std::string_view expected) const {
    throw Error(ErrorKind::bad_data, "the .npy header has '" + std::string(text_.substr(at_, 20)) + "' at character " +
                                         std::to_string(at_) + " where " + std::string(expected) + " is expected");
  }
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) fail(std::string("'") + wanted + "'");
  }
  std::string string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("a quoted string");
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    if (at_ == text_.size()) fail("the end of a string");
    ++at_;
    return value;
  }
  bool boolean() {
    peek();
    if (text_.substr(at_).starts_with("True")) return at_ += 4, true;
    if (text_.substr(at_).starts_with("False")) return at_ += 5, false;
    fail("True or False");
  }
  std::int64_t integer() {
    peek();
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (problem != std::errc() || value < 0) fail("a length from 0 to 2^63 - 1");
    at_ = static_cast<std::size_t>(end - text_.data());
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // written by Python 2
    return value;
  }
  bool at_end() { return peek() == '\0' && at_ >= text_.size(); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

constexpr std::size_t most_axes = 32;  // NumPy's own limit
constexpr std::size_t most_fields = 4096;

void read_shape(Literals& in, Header& header) {
  in.expect('(');
  while (!in.take(')')) {
    if (header.shape.size() == most_axes) in.fail("at most 32 axes");
    header.shape.push_back(in.integer());
    if (!in.take(',') && in.peek() != ')') in.fail("',' or ')'");
  }
}

void read_fields(Literals& in, Header& header) {
  std::optional<TypeAndOrder> common;
  in.expect('[');
  while (!in.take(']')) {
    if (header.fields.size() == most_fields) in.fail("at most 4096 fields");
    in.expect('(');
    std::string name;
    if (in.take('(')) {  // (title, name)
      name = in.string();
      in.expect(',');
      name = in.string();
      in.expect(')');
    } else {
      name = in.string();
    }
    in.expect(',');
    const TypeAndOrder type = type_of(in.string());
    if (in.take(',') && in.peek() != ')') {
      throw Error(ErrorKind::unsupported, "the field '" + name + "' of the structured dtype is an array itself");
    }
    in.expect(')');
    if (common && (common->dtype != type.dtype || common->big_endian != type.big_endian)) {
      throw Error(ErrorKind::unsupported,
                  "the fields of the structured dtype differ in type; ruska reads pixels of equal fields");
    }
    common = type;
    header.fields.push_back(std::move(name));
    if (!in.take(',') && in.peek() != ']') in.fail("',' or ']'");
  }
  if (!common) in.fail("a structured dtype with at least one field");
  header.dtype = common->dtype;
  header.big_endian = common->big_endian;
}

std::string literal(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

}  // namespace

Header parse_header(std::string_view text) {
  Header header;
  bool have_type = false, have_order = false, have_shape = false;
  Literals in(text);
  in.expect('{');
  while (!in.take('}')) {
    const std::string key = in.string();
    in.expect(':');
    bool* seen = key == "descr"           ? &have_type
                 : key == "fortran_order" ? &have_order
                 : key == "shape"         ? &have_shape
                                          : nullptr;
    if (seen == nullptr || *seen) in.fail("descr, fortran_order and shape, each once,");
    *seen = true;
    if (key == "shape") {
      read_shape(in, header);
    } else if (key == "fortran_order") {
      header.fortran_order = in.boolean();
    } else if (in.peek() == '[') {
      read_fields(in, header);
    } else {
      const TypeAndOrder type = type_of(in.string());
      header.dtype = type.dtype;
      header.big_endian = type.big_endian;
    }
    if (!in.take(',') && in.peek() != '}') in.fail("',' or '}'");
  }
  if (!in.at_end()) in.fail("the end of the header");
  if (!have_type || !have_order || !have_shape) in.fail("a dictionary with descr, fortran_order and shape");
  return header;
}

Preamble read_preamble(const ReadBytes& read, const std::string& name) {
  constexpr std::string_view magic = "\x93NUMPY";
  constexpr std::int64_t longest_header = std::int64_t{1} << 20;
  const std::vector<std::byte> start = read(0, 10);
  if (std::memcmp(start.data(), magic.data(), magic.size()) != 0) {
    throw Error(ErrorKind::bad_data, name + " does not start with the mark of a .npy file");
  }
  const auto version = load<std::uint8_t>(start, 6);
  if (version < 1 || version > 3) {
    throw Error(ErrorKind::unsupported, "version " + std::to_string(version) + "." +
                                            std::to_string(load<std::uint8_t>(start, 7)) +
                                            " of the .npy format; supported are 1 to 3");
  }
  const std::int64_t before = version == 1 ? 10 : 12;
  const std::int64_t length =
      version == 1 ? std::int64_t{load<std::uint16_t>(start, 8)} : std::int64_t{load<std::uint32_t>(read(8, 4))};
  if (length > longest_header) {
    throw Error(ErrorKind::bad_data, "a .npy header of " + std::to_string(length) + " bytes; at most " +
                                         std::to_string(longest_header) + " are plausible");
  }
  const std::vector<std::byte> text = read(before, length);
  return {to_utf8({reinterpret_cast<const char*>(text.data()), text.size()}), before + length};
}

std::optional<TextType> text_type(std::string_view dictionary) {
  const std::size_t key = dictionary.find("'descr': '");
  if (key == std::string_view::npos) return std::nullopt;
  std::string_view type = dictionary.substr(key + 10);
  type = type.substr(0, type.find('\''));
  if (type.size() < 3 || (type[0] != '<' && type[0] != '>') || type[1] != 'U') return std::nullopt;
  TextType text;
  text.big_endian = type[0] == '>';
  const auto [end, problem] = std::from_chars(type.data() + 2, type.data() + type.size(), text.characters);
  if (problem != std::errc() || end != type.data() + type.size() || text.characters < 0) return std::nullopt;
  return text;
}

Description describe(const Header& header) {
  Description description;
  description.dtype = header.dtype;
  description.fields = header.fields;
  const std::size_t rank = header.shape.size();
  const std::size_t signal_axes = rank == 2 || rank > 3 ? 2 : 1;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    Axis one;
    one.size = header.shape[axis];
    one.role = axis + signal_axes < rank ? Role::navigation : Role::signal;
    description.axes.push_back(one);
  }
  if (!header.fields.empty()) {
    Axis parts;
    parts.size = static_cast<std::int64_t>(header.fields.size());
    description.axes.push_back(parts);
  }
  return description;
}

StoredLayout layout_of(const Header& header, std::int64_t offset) {
  StoredLayout layout;
  layout.offset = offset;
  layout.swapped = header.big_endian != (std::endian::native == std::endian::big) && size_of(header.dtype) > 1;
  const std::size_t pixel = size_of(header.dtype) * std::max<std::size_t>(1, header.fields.size());
  layout.stride = header.fortran_order ? fortran_strides(header.shape, pixel) : c_strides(header.shape, pixel);
  if (!header.fields.empty()) layout.stride.push_back(static_cast<std::int64_t>(size_of(header.dtype)));
  return layout;
}

std::string format_preamble(const Description& description) {
  Shape shape = description.shape();
  std::string type = literal(code_of(description.dtype));
  if (!description.fields.empty()) {
    shape.pop_back();
    std::string list;
    for (const std::string& field : description.fields) {
      list += (list.empty() ? "(" : ", (") + literal(field) + ", " + type + ")";
    }
    type = "[" + list + "]";
  }
  std::string lengths;
  for (std::int64_t length : shape) lengths += std::to_string(length) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1) lengths.resize(lengths.size() - 2);
  std::string dictionary = "{'descr': " + type + ", 'fortran_order': False, 'shape': (" + lengths + "), }";

  const bool plain = std::all_of(dictionary.begin(), dictionary.end(), [](char c) { return (c & 0x80) == 0; });
  const bool long_form = !plain || dictionary.size() > 65000;
  const std::size_t before = long_form ? 12 : 10;
  dictionary.append(63 - (before + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  std::string preamble = "\x93NUMPY";
  preamble += static_cast<char>(plain ? (long_form ? 2 : 1) : 3);
  preamble += '\0';
  for (std::size_t i = 0; i < before - 8; ++i) preamble += static_cast<char>((dictionary.size() >> (8 * i)) & 0xff);
  return preamble + dictionary;
}

}  // namespace ruska::io::npy
