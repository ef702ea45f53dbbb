// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include <blosc.h>
#include <lz4.h>
#include <zlib.h>
#include <zstd.h>

#include "ruska/core/metadata.hpp"
#include "tests/fixtures.hpp"
#include "tests/zip_file.hpp"

namespace ruska::io {
namespace {

constexpr const char* group = "{\"zarr_format\": 2}";

/// A signal of 3 × 4 elements in chunks of 2 × 3, each its own way.
struct Stored {
  std::string name, compressor, dtype;
  bool fortran = false, big_endian = false, nested = false, shuffled = false, holes = false;
  std::vector<std::string> parts{};  // of each element, where it is no plain number

  std::int64_t width() const { return std::max<std::int64_t>(static_cast<std::int64_t>(parts.size()), 1); }
};

std::string compressed(const std::string& values, const std::string& compressor, std::size_t item) {
  if (compressor.empty()) return values;
  std::string out(values.size() + 1024, '\0');
  std::size_t size = 0;
  if (compressor == "blosc") {
    const int got =
        blosc_compress_ctx(1, BLOSC_SHUFFLE, item, values.size(), values.data(), out.data(), out.size(), "zstd", 0, 1);
    size = static_cast<std::size_t>(got);
  } else if (compressor == "zstd") {
    size = ZSTD_compress(out.data(), out.size(), values.data(), values.size(), 3);
  } else if (compressor == "lz4") {
    const auto length = static_cast<std::uint32_t>(values.size());
    std::memcpy(out.data(), &length, sizeof length);
    size = 4 + static_cast<std::size_t>(LZ4_compress_default(
                   values.data(), out.data() + 4, static_cast<int>(values.size()), static_cast<int>(out.size() - 4)));
  } else {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + (compressor == "gzip" ? 16 : 0), 8, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(values.data()));
    stream.avail_in = static_cast<uInt>(values.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    size = stream.total_out;
    deflateEnd(&stream);
  }
  return out.substr(0, size);
}

template <class T>
std::string chunk_of(const Stored& how, const std::vector<T>& values, std::int64_t row, std::int64_t column) {
  const std::int64_t parts = how.width();
  std::vector<T> chunk(static_cast<std::size_t>(6 * parts), T{});
  for (std::int64_t y = 0; y < 2; ++y) {
    for (std::int64_t x = 0; x < 3; ++x) {
      if (row + y >= 3 || column + x >= 4) continue;
      const std::int64_t place = how.fortran ? x * 2 + y : y * 3 + x;
      std::copy_n(values.begin() + ((row + y) * 4 + column + x) * parts, parts, chunk.begin() + place * parts);
    }
  }
  std::string bytes(reinterpret_cast<const char*>(chunk.data()), chunk.size() * sizeof(T));
  if (how.big_endian) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at + sizeof(T)));
    }
  }
  if (how.shuffled) {
    std::string apart;
    for (std::size_t byte = 0; byte < sizeof(T); ++byte) {
      for (std::size_t at = byte; at < bytes.size(); at += sizeof(T)) apart += bytes[at];
    }
    bytes = apart;
  }
  return compressed(bytes, how.compressor, sizeof(T));
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

/// What a store holds, in the order of writing: a name that comes again replaces what was there.
struct Member {
  std::string name, content;
  bool deflated = false;  ///< in an archive
};

template <class T>
void add_signal(std::vector<Member>& store, const Stored& how, const std::vector<T>& values) {
  const std::string at = "Experiments/" + how.name + "/";
  store.push_back({at + ".zgroup", group});
  for (const char* name :
       {"axis-0", "axis-1", "metadata", "metadata/General", "metadata/_list_2_pair", "original_metadata"}) {
    store.push_back({at + name + "/.zgroup", group});
  }
  store.push_back(
      {at + "axis-0/.zattrs",
       "{\"name\": \"y\", \"units\": \"nm\", \"navigate\": true, \"scale\": 0.5, \"offset\": -1.0, \"size\": 3}",
       true});
  store.push_back({at + "axis-1/.zattrs", "{\"name\": \"_None_\", \"units\": \"_None_\", \"navigate\": false}"});
  store.push_back(
      {at + "metadata/General/.zattrs", "{\"title\": " + quoted(how.name) + ", \"_list_empty_tags\": \"_None_\"}"});
  store.push_back({at + "metadata/_list_2_pair/.zattrs", "{\"0\": 1, \"1\": \"two\"}"});
  std::string type = quoted((how.big_endian ? ">" : "<") + how.dtype), list;
  for (const std::string& part : how.parts) list += (list.empty() ? "[" : ", [") + quoted(part) + ", " + type + "]";
  std::string facts = "{\"zarr_format\": 2, \"shape\": [3, 4], \"chunks\": [2, 3], \"fill_value\": " +
                      (list.empty() ? "7" : quoted("AAAA")) +
                      ", \"dtype\": " + (list.empty() ? type : "[" + list + "]") +
                      ", \"order\": " + (how.fortran ? "\"F\"" : "\"C\"");
  facts +=
      how.compressor.empty() ? ", \"compressor\": null" : ", \"compressor\": {\"id\": " + quoted(how.compressor) + "}";
  facts += how.shuffled ? ", \"filters\": [{\"id\": \"shuffle\", \"elementsize\": " + std::to_string(sizeof(T)) + "}]"
                        : ", \"filters\": null";
  if (how.nested) facts += ", \"dimension_separator\": \"/\"";
  store.push_back({at + "data/.zarray", facts + "}"});
  for (const std::int64_t row : {0, 1}) {
    for (const std::int64_t column : {0, 1}) {
      if (how.holes && row == column) continue;
      const std::string key = std::to_string(row) + (how.nested ? "/" : ".") + std::to_string(column);
      store.push_back({at + "data/" + key, chunk_of(how, values, 2 * row, 3 * column)});
    }
  }
}

template <class T>
std::vector<T> values_of(const Stored& how) {
  std::vector<T> values;
  for (std::int64_t y = 0; y < 3; ++y) {
    for (std::int64_t x = 0; x < 4; ++x) {
      const bool hole = how.holes && (y >= 2) == (x >= 3);
      const int fill = how.parts.empty() ? 7 : 0;
      for (std::int64_t part = 0; part < how.width(); ++part) {
        values.push_back(static_cast<T>(hole ? fill : 100 * part + 10 * y + x));
      }
    }
  }
  return values;
}

std::filesystem::path write_archive(const std::vector<Member>& store, const std::filesystem::path& path) {
  ZipFile zip;
  for (const Member& member : store) zip.add(member.name, member.content, member.deflated);
  return zip.finished().write(path);
}

std::filesystem::path write_folder(const std::vector<Member>& store, const std::filesystem::path& path) {
  for (const Member& member : store) {
    std::filesystem::create_directories((path / member.name).parent_path());
    FileBytes().text(member.content).write(path / member.name);
  }
  return path;
}

Fixture fixture(const std::string& name, const std::vector<Stored>& signals, bool folder = false) {
  std::vector<Member> store{{".zgroup", group},
                            {".zattrs", "{\"file_format\": \"older\"}"},
                            {".zattrs", "{\"file_format\": \"ZSpy\", \"file_format_version\": \"3.1\"}"},
                            {"Experiments/.zgroup", group}};
  std::vector<Dataset> expected;
  for (const Stored& how : signals) {
    Description description;
    description.title = how.name;
    set(description.metadata, "General.title", how.name);
    set(description.metadata, "General.tags", Json::array());
    set(description.metadata, "pair", Json::array({1, "two"}));
    description.axes = {{"y", "length", "nm", Role::navigation, 3, 0.5, -1}, {"", "", "", Role::signal, 4}};
    if (!how.parts.empty()) {
      description.fields = how.parts;
      description.axes.push_back({"field", "", "", Role::signal, how.width()});
    }
    const auto add = [&]<class T>() {
      const std::vector<T> values = values_of<T>(how);
      add_signal(store, how, values);
      expected.push_back(Dataset::from_values<T>(description, values));
    };
    if (how.dtype == "u2") add.template operator()<std::uint16_t>();
    if (how.dtype == "i8") add.template operator()<std::int64_t>();
    if (how.dtype == "f4") add.template operator()<float>();
    if (how.dtype == "f8") add.template operator()<double>();
  }
  return {
      "zspy", name,
      [=](const std::filesystem::path& place) { return (folder ? write_folder : write_archive)(store, place / name); },
      expected};
}

}  // namespace

std::vector<Fixture> zspy_fixtures() {
  return {fixture("plain.zspy", {{"big", "", "u2", false, true}, {"fortran", "zlib", "f8", true}}),
          fixture("packed.zspy", {{"blosc", "blosc", "i8", false, false, true}, {"lz4", "lz4", "u2"}}),
          fixture("filtered.zspy", {{"gzip", "gzip", "f4", false, false, false, true},
                                    {"zstd", "zstd", "f4", false, false, false, false, true}}),
          fixture("colours.zspy", {{"rgb", "blosc", "u2", true, true, false, false, false, {"R", "G", "B"}},
                                   {"rgba", "zstd", "u2", false, false, true, false, true, {"R", "G", "B", "A"}}}),
          fixture("folder.zspy", {{"blosc", "blosc", "u2", true, true, true, true}}, true)};
}

}  // namespace ruska::io
