// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/renishaw/property_set.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "ruska/base/error.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::renishaw {

namespace {

constexpr int deepest = 32;
constexpr std::size_t longest_list = 64;
constexpr std::uint8_t is_compressed = 64, is_list = 128;

using Names = std::map<std::uint16_t, std::string>;

/// A set as stored: names and values by number.
struct Set {
  Names names{};
  std::map<std::uint16_t, Json> values{};
  std::map<std::uint16_t, Set> sets{};
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Set set(std::size_t end, int depth) {
    if (depth > deepest) refuse("a set nested deeper than 32");
    Set set;
    while (at_ < end) {
      const char type = static_cast<char>(take<std::uint8_t>(end));
      const std::uint8_t flag = take<std::uint8_t>(end);
      const std::uint16_t key = take<std::uint16_t>(end);
      if (flag == is_compressed) {
        skip(take<std::uint32_t>(end), end);
      } else if (type == 'p') {
        const std::size_t inner = part(take<std::uint32_t>(end), end);
        set.sets[key] = this->set(inner, depth + 1);
      } else if (type == 'k') {
        set.names[key] = text(take<std::uint32_t>(end), end);
      } else if (type == 'u') {
        set.values[key] = text(take<std::uint32_t>(end), end);
      } else if (type == 'b') {
        skip(take<std::uint32_t>(end), end);
      } else {
        const std::size_t count = flag == is_list ? take<std::uint32_t>(end) : 1;
        set.values[key] = numbers(type, flag == is_list, count, end);
      }
    }
    return set;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::bad_data, "the property set has " + what + " at its byte " + std::to_string(at_));
  }
  /// Where a part of `size` bytes from here on ends.
  std::size_t part(std::size_t size, std::size_t end) const {
    if (size > end - at_) refuse("an entry of " + std::to_string(size) + " bytes that leaves its set");
    return at_ + size;
  }
  void skip(std::size_t size, std::size_t end) { at_ = part(size, end); }
  template <class T>
  T take(std::size_t end) {
    const std::size_t start = at_;
    skip(sizeof(T), end);
    return load<T>(bytes_, start);
  }
  std::string text(std::size_t size, std::size_t end) {
    const std::size_t start = at_;
    skip(size, end);
    std::string text(reinterpret_cast<const char*>(bytes_.data()) + start, size);
    std::erase(text, '\0');
    return to_utf8(text);
  }
  Json number(char type, std::size_t end) {
    switch (type) {
      case 'c': return static_cast<std::int8_t>(take<std::uint8_t>(end));
      case '?': return take<std::uint8_t>(end);
      case 's': return static_cast<std::int16_t>(take<std::uint16_t>(end));
      case 'i': return static_cast<std::int32_t>(take<std::uint32_t>(end));
      case 'w': return static_cast<std::int64_t>(take<std::uint64_t>(end));
      case 't': return take<std::uint64_t>(end);
      case 'r': return std::bit_cast<float>(take<std::uint32_t>(end));
      case 'q': return std::bit_cast<double>(take<std::uint64_t>(end));
      default: refuse("the entry type " + std::to_string(static_cast<unsigned char>(type)));
    }
  }
  Json numbers(char type, bool list, std::size_t count, std::size_t end) {
    if (!list) return number(type, end);
    Json values = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      Json value = number(type, end);  // refuses to go beyond the set, so a false count ends here
      if (i < longest_list) values.push_back(std::move(value));
    }
    return values;
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

Json named(const Set& set, const std::vector<const Names*>& around) {
  std::vector<const Names*> scopes = around;
  scopes.push_back(&set.names);
  const auto name = [&](std::uint16_t key) {
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
      if (const auto found = (*scope)->find(key); found != (*scope)->end()) return found->second;
    }
    return std::to_string(key);
  };
  std::map<std::string, Json> tree;
  for (const auto& [key, value] : set.values) tree[name(key)] = value;
  for (const auto& [key, inner] : set.sets) tree[name(key)] = named(inner, scopes);
  return Json(tree);
}

}  // namespace

Json property_set(std::span<const std::byte> block) {
  constexpr std::uint32_t mark = 0x54455350;  // PSET
  if (block.size() < 8 || load<std::uint32_t>(block) != mark) return nullptr;
  const std::size_t size = load<std::uint32_t>(block, 4);
  if (size > block.size() - 8) {
    throw Error(ErrorKind::bad_data, "a property set states " + std::to_string(size) + " bytes in a block of " +
                                         std::to_string(block.size()));
  }
  return named(Reader(block.subspan(8, size)).set(size, 0), {});
}

}  // namespace ruska::io::renishaw
