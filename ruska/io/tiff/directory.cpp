// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/tiff/directory.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <unordered_set>

#include "ruska/base/error.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::tiff {

namespace {

constexpr std::int64_t longest_text = std::int64_t{64} << 20;

enum Type : std::uint16_t {
  byte = 1,
  ascii = 2,
  unsigned_short = 3,
  unsigned_long = 4,
  rational = 5,
  signed_byte = 6,
  undefined = 7,
  signed_short = 8,
  signed_long = 9,
  signed_rational = 10,
  single_float = 11,
  double_float = 12,
  directory_place = 13,
  unsigned_long8 = 16,
  signed_long8 = 17,
  directory_place8 = 18,
};

[[noreturn]] void refuse(const Entry& entry, const std::string& expected) {
  throw Error(ErrorKind::bad_data, "the TIFF tag " + std::to_string(entry.tag) + " with values at byte " +
                                       std::to_string(entry.place) + " is of type " + std::to_string(entry.type) +
                                       " with " + std::to_string(entry.count) + " values; expected is " + expected);
}

}  // namespace

int width_of_type(std::uint16_t type) {
  switch (type) {
    case byte:
    case ascii:
    case signed_byte:
    case undefined: return 1;
    case unsigned_short:
    case signed_short: return 2;
    case unsigned_long:
    case signed_long:
    case single_float:
    case directory_place: return 4;
    case rational:
    case signed_rational:
    case double_float:
    case unsigned_long8:
    case signed_long8:
    case directory_place8: return 8;
    default: return 0;
  }
}

const Entry* Directory::find(std::uint16_t tag) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& one) { return one.tag == tag; });
  return found == entries.end() ? nullptr : &*found;
}

Structure::Structure(std::shared_ptr<const RandomAccessFile> file) : file_(std::move(file)) {
  const std::vector<std::byte> mark = file_->read(0, 4);
  const auto at = [&](std::size_t i) { return static_cast<char>(mark[i]); };
  big_endian_ = at(0) == 'M';
  const std::uint64_t version = unsigned_from(mark.data() + 2, 2);
  if ((at(0) != 'I' && at(0) != 'M') || at(0) != at(1) || (version != 42 && version != 43)) {
    throw Error(ErrorKind::bad_data, file_->path().filename().string() +
                                         " does not start with the mark of a TIFF file (II or MM, 42 or 43)");
  }
  big_file_ = version == 43;
  if (big_file_ && (unsigned_at(4, 2) != 8 || unsigned_at(6, 2) != 0)) {
    throw Error(ErrorKind::bad_data, "the BigTIFF header states offsets of " + std::to_string(unsigned_at(4, 2)) +
                                         " bytes at byte 4; they must have 8");
  }
  const std::uint64_t first = big_file_ ? unsigned_at(8, 8) : unsigned_at(4, 4);
  first_ = static_cast<std::int64_t>(std::min<std::uint64_t>(first, std::numeric_limits<std::int64_t>::max()));
}

std::uint64_t Structure::unsigned_from(const std::byte* bytes, int width) const {
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) {
    const int shift = 8 * (big_endian_ ? width - 1 - i : i);
    value |= static_cast<std::uint64_t>(bytes[i]) << shift;
  }
  return value;
}

std::uint64_t Structure::unsigned_at(std::int64_t place, int width) const {
  return unsigned_from(file_->read(place, width).data(), width);
}

Directory Structure::directory_at(std::int64_t place) const {
  Directory directory;
  directory.place = place;
  const int count_width = big_file_ ? 8 : 2;
  const int offset_width = big_file_ ? 8 : 4;
  const std::int64_t entry_width = 4 + 2 * offset_width;
  const std::uint64_t entries = unsigned_at(place, count_width);
  if (entries == 0 || entries > 65535) {
    throw Error(ErrorKind::bad_data, "the TIFF directory at byte " + std::to_string(place) + " states " +
                                         std::to_string(entries) + " fields; allowed are 1 to 65535");
  }
  const auto table_size = static_cast<std::int64_t>(entries) * entry_width;
  const std::vector<std::byte> table = file_->read(place + count_width, table_size + offset_width);
  directory.entries.reserve(static_cast<std::size_t>(entries));
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(entries); ++i) {
    const std::byte* at = table.data() + i * entry_width;
    Entry entry;
    entry.tag = static_cast<std::uint16_t>(unsigned_from(at, 2));
    entry.type = static_cast<std::uint16_t>(unsigned_from(at + 2, 2));
    entry.count = unsigned_from(at + 4, offset_width);
    const int width = width_of_type(entry.type);
    if (width == 0) continue;  // TIFF 6.0: readers skip fields of unknown types
    const auto available = static_cast<std::uint64_t>(file_->size());
    std::uint64_t start = 0;
    if (entry.count <= static_cast<std::uint64_t>(offset_width / width)) {
      start = static_cast<std::uint64_t>(place + count_width + i * entry_width + 4 + offset_width);
    } else {
      start = unsigned_from(at + 4 + offset_width, offset_width);
      if (start > available || entry.count > (available - start) / static_cast<std::uint64_t>(width)) {
        throw Error(ErrorKind::bad_data, "the TIFF tag " + std::to_string(entry.tag) + " in the directory at byte " +
                                             std::to_string(place) + " has " + std::to_string(entry.count) +
                                             " values of " + std::to_string(width) + " bytes at byte " +
                                             std::to_string(start) + ", but the file has " + std::to_string(available) +
                                             " bytes; it is cut short or damaged");
      }
    }
    entry.place = static_cast<std::int64_t>(start);
    directory.entries.push_back(entry);
  }
  const std::uint64_t next = unsigned_from(table.data() + table_size, offset_width);
  directory.next = static_cast<std::int64_t>(std::min<std::uint64_t>(next, std::numeric_limits<std::int64_t>::max()));
  return directory;
}

void Structure::for_each_directory(const std::function<void(const Directory&)>& visit) const {
  if (first_ == 0) throw Error(ErrorKind::bad_data, "the TIFF file has no directory, so no image");
  std::unordered_set<std::int64_t> seen;
  std::int64_t taken = 0;  // by directories, which cannot be more than the file unless they overlap
  for (std::int64_t place = first_; place != 0;) {
    if (!seen.insert(place).second) {
      throw Error(ErrorKind::bad_data,
                  "the TIFF directories run in a circle: that at byte " + std::to_string(place) + " comes twice");
    }
    const Directory directory = directory_at(place);
    taken += static_cast<std::int64_t>(directory.entries.size()) * (big_file_ ? 20 : 12);
    if (taken > file_->size()) {
      throw Error(ErrorKind::bad_data, "the TIFF directories overlap: up to that at byte " + std::to_string(place) +
                                           " they take more bytes than the file has");
    }
    visit(directory);
    place = directory.next;
  }
}

std::vector<std::byte> Structure::bytes(const Entry& entry) const {
  const std::uint64_t size = entry.count * static_cast<std::uint64_t>(width_of_type(entry.type));
  return file_->read(entry.place, static_cast<std::int64_t>(size));
}

std::vector<std::uint64_t> Structure::integers(const Entry& entry, std::uint64_t most) const {
  const bool fits = entry.type == byte || entry.type == unsigned_short || entry.type == unsigned_long ||
                    entry.type == directory_place || entry.type == unsigned_long8 || entry.type == directory_place8;
  if (!fits || entry.count > most) refuse(entry, "at most " + std::to_string(most) + " whole numbers without sign");
  const int width = width_of_type(entry.type);
  const std::vector<std::byte> raw = bytes(entry);
  std::vector<std::uint64_t> values(static_cast<std::size_t>(entry.count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = unsigned_from(raw.data() + i * static_cast<std::size_t>(width), width);
  }
  return values;
}

std::vector<double> Structure::numbers(const Entry& entry, std::uint64_t most) const {
  if (entry.type == ascii || entry.type == undefined || entry.count > most) {
    refuse(entry, "at most " + std::to_string(most) + " numbers");
  }
  const int width = width_of_type(entry.type);
  const std::vector<std::byte> raw = bytes(entry);
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const auto one = [&](const std::byte* at) -> double {
    const std::uint64_t whole = unsigned_from(at, width);
    switch (entry.type) {
      case rational: {
        const auto below = static_cast<double>(unsigned_from(at + 4, 4));
        return static_cast<double>(unsigned_from(at, 4)) / (below == 0 ? none : below);
      }
      case signed_rational: {
        const double below = static_cast<std::int32_t>(unsigned_from(at + 4, 4));
        return static_cast<std::int32_t>(unsigned_from(at, 4)) / (below == 0 ? none : below);
      }
      case signed_byte: return static_cast<std::int8_t>(whole);
      case signed_short: return static_cast<std::int16_t>(whole);
      case signed_long: return static_cast<std::int32_t>(whole);
      case signed_long8: return static_cast<double>(static_cast<std::int64_t>(whole));
      case single_float: return std::bit_cast<float>(static_cast<std::uint32_t>(whole));
      case double_float: return std::bit_cast<double>(whole);
      default: return static_cast<double>(whole);
    }
  };
  std::vector<double> values(static_cast<std::size_t>(entry.count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = one(raw.data() + i * static_cast<std::size_t>(width));
  return values;
}

std::string Structure::text(const Entry& entry) const {
  if (width_of_type(entry.type) != 1 || entry.count > static_cast<std::uint64_t>(longest_text)) {
    refuse(entry, "a text of at most 64 MiB");
  }
  const std::vector<std::byte> raw = bytes(entry);
  const std::string_view all(reinterpret_cast<const char*>(raw.data()), raw.size());
  return to_utf8(all.substr(0, std::min(all.find('\0'), all.size())));
}

std::string Structure::text_of(const Directory& directory, std::uint16_t tag) const {
  const Entry* entry = directory.find(tag);
  return entry == nullptr ? "" : text(*entry);
}

}  // namespace ruska::io::tiff
