// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/dm/tag_tree.hpp"

#include <vector>

#include "ruska/base/error.hpp"
#include "ruska/io/field_reader.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::dm {

namespace {

constexpr int deepest = 64;
constexpr std::int64_t most_tags = 1000000;
constexpr std::int64_t longest_array = 1024;
constexpr std::int64_t longest_text = std::int64_t{1} << 20;
constexpr std::int64_t most_fields = 1024;

/// Types of values, as the file numbers them.
enum Type : std::int64_t { structure = 15, text = 18, array = 20 };

std::string utf8_of(std::u16string_view units) {
  std::string out;
  for (std::size_t i = 0; i < units.size(); ++i) {
    std::uint32_t code = units[i];
    if (code >= 0xd800 && code < 0xe000) {
      const bool pair = code < 0xdc00 && i + 1 < units.size() && units[i + 1] >= 0xdc00 && units[i + 1] < 0xe000;
      code = pair ? 0x10000 + ((code - 0xd800) << 10) + (units[++i] - 0xdc00u) : 0xfffd;
    }
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xc0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xe0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      out += static_cast<char>(0xf0 | code >> 18);
      out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
      out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    }
  }
  return out;
}

class Reader {
 public:
  explicit Reader(const RandomAccessFile& file) : fields_(file) {}

  TagTree read() {
    TagTree tree;
    tree.version = fields_.number<std::int32_t>(std::endian::big);
    if (tree.version != 3 && tree.version != 4) {
      throw Error(ErrorKind::unsupported,
                  "version " + std::to_string(tree.version) + " of DigitalMicrograph files; supported are 3 and 4");
    }
    wide_ = tree.version == 4;
    size();  // of the file; some writers leave it wrong
    const auto little = fields_.number<std::int32_t>(std::endian::big);
    if (little != 0 && little != 1) refuse("byte order", little, "0 or 1");
    tree.order = little == 1 ? std::endian::little : std::endian::big;
    fields_.set_order(tree.order);
    tree.tags = group("", 0);
    return tree;
  }

 private:
  [[noreturn]] void refuse(const std::string& what, std::int64_t value, const std::string& allowed) const {
    throw Error(ErrorKind::bad_data, "the " + what + " before byte " + std::to_string(fields_.position()) + " is " +
                                         std::to_string(value) + "; it must be " + allowed);
  }

  std::int64_t size() {
    return wide_ ? fields_.number<std::int64_t>(std::endian::big) : fields_.number<std::int32_t>(std::endian::big);
  }

  std::int64_t size_within(const std::string& what, std::int64_t high) {
    const std::int64_t value = size();
    if (value < 0 || value > high) refuse(what, value, "from 0 to " + std::to_string(high));
    return value;
  }

  Json group(std::string_view group_name, int depth) {
    if (depth > deepest) {
      throw Error(ErrorKind::bad_data, "the tags are nested deeper than " + std::to_string(deepest) +
                                           " groups at byte " + std::to_string(fields_.position()));
    }
    fields_.skip(2);  // whether the group is sorted and open
    const std::int64_t count = size_within("number of tags", most_tags);
    Json::object_t tree;
    int nameless_values = 0, nameless_groups = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      if (++tags_ > most_tags) {
        throw Error(ErrorKind::unsupported, "more than " + std::to_string(most_tags) + " tags");
      }
      const auto kind = fields_.number<std::uint8_t>();
      if (kind != 20 && kind != 21) refuse("kind of the tag", kind, "20 or 21");
      const auto length = fields_.number<std::uint16_t>(std::endian::big);
      std::string name = to_utf8(fields_.text(length));
      if (wide_) fields_.skip(8);  // the tag's length
      const bool is_group = kind == 20;
      if (name.empty()) {
        name = is_group ? "TagGroup" + std::to_string(nameless_groups++) : "Data" + std::to_string(nameless_values++);
      }
      Json entry = is_group ? group(name, depth + 1) : value(group_name == "ImageData" && name == "Data");
      // Past the object's own look-up, which walks along all members.
      tree.Json::object_t::Container::emplace_back(std::move(name), std::move(entry));
    }
    return tree;
  }

  Json value(bool pixels) {
    const std::int64_t place = fields_.position();
    if (fields_.text(4) != "%%%%") {
      throw Error(ErrorKind::bad_data,
                  "the tag's value at byte " + std::to_string(place) + " does not begin with '%%%%'");
    }
    const std::int64_t length = size_within("length of the tag's type", 4 * most_fields);
    if (length < 1) refuse("length of the tag's type", length, "at least 1");
    const std::int64_t end = fields_.position() + length * (wide_ ? 8 : 4);
    std::int64_t budget = most_fields;
    const Definition definition = definition_of(budget, 0);
    if (fields_.position() != end) {
      throw Error(ErrorKind::bad_data, "the tag's type at byte " + std::to_string(place) + " is " +
                                           std::to_string((fields_.position() - place - 4) / (wide_ ? 8 : 4) - 1) +
                                           " numbers long where the file says " + std::to_string(length));
    }
    return read_value(definition, pixels);
  }

  /// The type of a value: a number's type, a structure's fields, or an array's element and length.
  struct Definition {
    std::int64_t type = 0;
    std::vector<Definition> parts;  ///< the fields of a structure; the one element type of an array
    std::int64_t length = 0;        ///< elements of an array, characters of a text
  };

  Definition definition_of(std::int64_t& budget, int depth) {
    if (--budget < 0 || depth > 8) {
      throw Error(ErrorKind::bad_data,
                  "the tag's type before byte " + std::to_string(fields_.position()) + " is nested too deeply");
    }
    Definition definition;
    definition.type = size();
    if (definition.type == structure) {
      size();  // length of the name, which is never there
      const std::int64_t count = size_within("number of fields", most_fields);
      for (std::int64_t i = 0; i < count; ++i) {
        size();
        definition.parts.push_back(definition_of(budget, depth + 1));
      }
    } else if (definition.type == array) {
      definition.parts.push_back(definition_of(budget, depth + 1));
      definition.length = size();
      if (definition.length < 0) refuse("length of the array", definition.length, "at least 0");
    } else if (definition.type == text) {
      definition.length = size();
      if (definition.length < 0) refuse("length of the text", definition.length, "at least 0");
    } else {
      bytes_of_number(definition.type);
    }
    return definition;
  }

  std::int64_t bytes_of_number(std::int64_t type) const {
    switch (type) {
      case 8:
      case 9:
      case 10: return 1;
      case 2:
      case 4: return 2;
      case 3:
      case 5:
      case 6: return 4;
      case 7:
      case 11:
      case 12: return 8;
      default: refuse("type of the value", type, "2 to 12, 15, 18 or 20");
    }
  }

  std::int64_t bytes_of(const Definition& definition) const {
    if (definition.type == structure) {
      std::int64_t sum = 0;
      for (const Definition& part : definition.parts) sum = plus(sum, bytes_of(part));
      return sum;
    }
    if (definition.type == text) return plus(definition.length, definition.length);
    if (definition.type != array) return bytes_of_number(definition.type);
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(definition.length, bytes_of(definition.parts[0]), &bytes)) too_long();
    return bytes;
  }
  std::int64_t plus(std::int64_t a, std::int64_t b) const {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) too_long();
    return sum;
  }
  [[noreturn]] void too_long() const {
    throw Error(ErrorKind::bad_data,
                "the value at byte " + std::to_string(fields_.position()) + " would have more than 2^63 bytes");
  }

  Json read_value(const Definition& definition, bool pixels) {
    const std::int64_t bytes = bytes_of(definition);
    if (bytes > fields_.remaining()) {
      throw Error(ErrorKind::bad_data, "the value at byte " + std::to_string(fields_.position()) + " has " +
                                           std::to_string(bytes) + " bytes, but the file ends " +
                                           std::to_string(fields_.remaining()) + " bytes behind; it is cut short");
    }
    if (definition.type == structure) {
      Json list = Json::array();
      for (const Definition& part : definition.parts) list.push_back(read_value(part, false));
      return list;
    }
    if (definition.type == text) return characters(definition.length);
    if (definition.type != array) return number(definition.type);
    const Definition& element = definition.parts[0];
    if (!pixels && element.type == 4 && definition.length <= longest_text) return characters(definition.length);
    // Elements of no bytes could be any number of them.
    const bool empty = bytes == 0 && definition.length > 0;
    if (pixels || empty || definition.length > longest_array || bytes > 8 * longest_array) {
      Json place{{"offset", fields_.position()}, {"bytes", bytes}, {"elements", definition.length}};
      fields_.skip(bytes);
      return place;
    }
    Json list = Json::array();
    for (std::int64_t i = 0; i < definition.length; ++i) list.push_back(read_value(element, false));
    return list;
  }

  std::string characters(std::int64_t length) {
    if (length > longest_text) {
      throw Error(ErrorKind::unsupported,
                  "a text of " + std::to_string(length) + " characters at byte " + std::to_string(fields_.position()));
    }
    std::u16string units;
    for (std::int64_t i = 0; i < length; ++i) units += static_cast<char16_t>(fields_.number<std::uint16_t>());
    return utf8_of(units);
  }

  Json number(std::int64_t type) {
    switch (type) {
      case 2: return fields_.number<std::int16_t>();
      case 3: return fields_.number<std::int32_t>();
      case 4: return fields_.number<std::uint16_t>();
      case 5: return fields_.number<std::uint32_t>();
      case 6: return fields_.number<float>();
      case 7: return fields_.number<double>();
      case 8: return fields_.number<std::uint8_t>();
      case 9:
      case 10: return fields_.number<std::int8_t>();
      case 11: return fields_.number<std::int64_t>();
      default: return fields_.number<std::uint64_t>();
    }
  }

  FieldReader fields_;
  bool wide_ = false;
  std::int64_t tags_ = 0;
};

}  // namespace

TagTree read_tag_tree(const RandomAccessFile& file) { return Reader(file).read(); }

}  // namespace ruska::io::dm
