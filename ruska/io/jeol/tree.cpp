// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// A tree is a sequence of marks. 1 begins a node: length and characters of its name, type and length of its value, the
// value; the nodes that follow are its children until the mark -1, which ends it. A -1 that ends no node ends the tree.
#include "ruska/io/jeol/tree.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include <iconv.h>

#include "ruska/core/metadata.hpp"
#include "ruska/io/byte_cursor.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::jeol {

namespace {

constexpr std::int64_t longest_value = 65536;
constexpr std::int64_t longest_name = 1024;
constexpr std::size_t deepest = 60;
constexpr std::size_t most_nodes = 100000;
constexpr std::size_t most_children = 10000;

/// The bytes of a file from some place on, read in pieces.
class FileCursor {
 public:
  FileCursor(const RandomAccessFile& file, std::int64_t at) : file_(file), at_(at) {}

  std::int64_t at() const { return at_; }
  void skip(std::int64_t count) { at_ += count; }
  std::int64_t left() const { return file_.size() - at_; }

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::bad_data,
                file_.path().filename().string() + ", byte " + std::to_string(at_) + ": " + problem);
  }

  std::span<const std::byte> bytes(std::int64_t count) {
    if (count < 0 || count > left()) {
      fail(std::to_string(count) + " bytes are expected, but " + std::to_string(std::max<std::int64_t>(left(), 0)) +
           " are left; the file is cut short or damaged");
    }
    const auto held = static_cast<std::int64_t>(window_.size());
    if (at_ < start_ || at_ + count > start_ + held) {
      start_ = at_;
      window_ = file_.read(at_, std::min(left(), std::max(count, longest_value)));
    }
    const auto place = std::span<const std::byte>(window_).subspan(static_cast<std::size_t>(at_ - start_),
                                                                   static_cast<std::size_t>(count));
    at_ += count;
    return place;
  }
  std::int32_t integer() { return std::bit_cast<std::int32_t>(load<std::uint32_t>(bytes(4))); }

 private:
  const RandomAccessFile& file_;
  std::int64_t at_;
  std::vector<std::byte> window_;
  std::int64_t start_ = 0;
};

std::string_view characters(std::span<const std::byte> bytes) {
  std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (all.ends_with('\0')) all.remove_suffix(1);
  return all;
}

Json texts(std::span<const std::byte> bytes) {
  std::string_view all = characters(bytes);
  if (all.find('\0') == std::string_view::npos) return decoded(all);
  Json list = Json::array();
  for (;;) {
    const std::size_t end = all.find('\0');
    list.push_back(decoded(all.substr(0, end)));
    if (end == std::string_view::npos) return list;
    all.remove_prefix(end + 1);
  }
}

template <class T>
Json numbers(std::span<const std::byte> bytes) {
  ByteCursor in(bytes, "a value");
  Json list = Json::array();
  while (in.left() >= sizeof(T)) {
    const T value = in.number<T>();
    if (std::is_floating_point_v<T> && !std::isfinite(static_cast<double>(value))) {
      list.push_back(nullptr);
    } else {
      list.push_back(value);
    }
  }
  return list.size() == 1 ? list[0] : list;
}

Json value_of(int type, std::span<const std::byte> bytes) {
  switch (type) {
    case 2:
    case 7:
    case 14: return numbers<std::uint16_t>(bytes);
    case 3:
    case 8: return numbers<std::int32_t>(bytes);
    case 4:
    case 9: return numbers<float>(bytes);
    case 5:
    case 10: return numbers<double>(bytes);
    case 11: return bytes.size() == 1 ? Json(bytes[0] != std::byte{0}) : numbers<std::uint8_t>(bytes);
    case 12:
    case 13:
    case 20: return texts(bytes);
    default: return numbers<std::uint8_t>(bytes);  // bytes, and what is not understood
  }
}

/// The object whose children a node's are.
Json& children_of(Json& node) {
  if (!node.is_object()) node = Json{{"value", std::move(node)}};
  return node;
}

}  // namespace

std::string decoded(std::string_view bytes) {
  std::string as_utf8 = to_utf8(bytes);
  if (as_utf8 == bytes) return as_utf8;
  const iconv_t converter = iconv_open("UTF-8", "CP932");
  if (converter == reinterpret_cast<iconv_t>(-1)) return as_utf8;
  std::string in(bytes), out(4 * bytes.size(), '\0');
  char *from = in.data(), *to = out.data();
  std::size_t from_left = in.size(), to_left = out.size();
  const bool whole = iconv(converter, &from, &from_left, &to, &to_left) != static_cast<std::size_t>(-1);
  iconv_close(converter);
  if (!whole) return as_utf8;
  out.resize(out.size() - to_left);
  return out;
}

Tree read_tree(const RandomAccessFile& file, std::int64_t offset, std::string_view array) {
  Tree tree;
  FileCursor in(file, offset);
  std::vector<Json*> open{&tree.values};
  for (std::size_t nodes = 0;;) {
    const int mark = static_cast<std::int8_t>(load<std::uint8_t>(in.bytes(1)));
    if (mark != 1) {
      if (mark != -1) in.fail("a mark " + std::to_string(mark) + " where 1 or -1 is expected");
      open.pop_back();
      if (open.empty()) return tree;
      continue;
    }
    if (++nodes > most_nodes) in.fail("more than " + std::to_string(most_nodes) + " values");
    if (open.size() > deepest) in.fail("values nested deeper than " + std::to_string(deepest));
    const std::int32_t name_length = in.integer();
    if (name_length < 0 || name_length > longest_name) {
      in.fail("a name of " + std::to_string(name_length) + " bytes; at most " + std::to_string(longest_name) +
              " are plausible");
    }
    std::string_view raw_name = characters(in.bytes(name_length));
    // Analysis Station leaves half a character behind this name.
    if (raw_name == "ScanSize\xde") raw_name.remove_suffix(1);
    std::string name = decoded(raw_name);
    const std::int32_t type = in.integer(), length = in.integer();
    if (length < 0 || length > in.left()) {
      in.fail("the value of '" + name + "' has " + std::to_string(length) + " bytes, but " + std::to_string(in.left()) +
              " are left; the file is cut short or damaged");
    }
    Json value;
    if (length > longest_value || (!array.empty() && name == array)) {
      tree.arrays.push_back({name, type, in.at(), length});
      value = Json{{"bytes", length}};
      in.skip(length);
    } else if (type == 0) {
      in.skip(length);
      value = Json::object();
    } else {
      value = value_of(type, in.bytes(length));
    }
    if (value.is_string() && name.size() > 4 && name.substr(0, name.size() - 1).ends_with("PAGE")) {
      name += "_" + value.get<std::string>();
      value = Json::object();
    }
    Json& parent = children_of(*open.back());
    if (parent.size() >= most_children) in.fail("more than " + std::to_string(most_children) + " values in one");
    Json& place = parent[name];
    place = std::move(value);
    open.push_back(&place);
  }
}

double number(const Json& tree, const char* path) {
  const Json* found = find(tree, path);
  if (found != nullptr && found->is_object()) found = find(*found, "value");
  if (found == nullptr || !found->is_number()) {
    throw Error(ErrorKind::bad_data, "the header has no number '" + std::string(path) + "'");
  }
  return found->get<double>();
}

std::string text(const Json& tree, const char* path) {
  const Json* found = find(tree, path);
  if (found == nullptr || !found->is_string()) {
    throw Error(ErrorKind::bad_data, "the header has no text '" + std::string(path) + "'");
  }
  return found->get<std::string>();
}

}  // namespace ruska::io::jeol
