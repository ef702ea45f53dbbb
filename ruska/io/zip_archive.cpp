// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/zip_archive.hpp"

#include <algorithm>
#include <optional>

#include <zlib.h>

#include "ruska/io/byte_cursor.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::uint32_t directory_end = 0x06054b50, directory_end_64 = 0x06064b50, locator_64 = 0x07064b50;
constexpr std::uint32_t directory_entry = 0x02014b50, local_entry = 0x04034b50;
constexpr std::int64_t end_bytes = 22, locator_bytes = 20, local_bytes = 30;
constexpr std::int64_t longest_comment = 65535;
/// DEFLATE makes at most 1032 bytes of one (zlib technical details).
constexpr std::int64_t best_deflate_ratio = 1032;

[[noreturn]] void fail(const RandomAccessFile& file, const std::string& problem) {
  throw Error(ErrorKind::bad_data, file.path().filename().string() + ": " + problem);
}

struct Directory {
  std::int64_t offset = 0, bytes = 0;
};

Directory find_directory(const RandomAccessFile& file) {
  const std::int64_t tail = std::min(file.size(), end_bytes + longest_comment);
  const std::vector<std::byte> bytes = file.read(file.size() - tail, tail);
  for (std::int64_t at = tail - end_bytes; at >= 0; --at) {
    const auto place = static_cast<std::size_t>(at);
    if (load<std::uint32_t>(bytes, place) != directory_end) continue;
    if (load<std::uint16_t>(bytes, place + 20) != tail - end_bytes - at) continue;
    Directory directory{load<std::uint32_t>(bytes, place + 16), load<std::uint32_t>(bytes, place + 12)};
    const std::int64_t locator = file.size() - tail + at - locator_bytes;
    if (locator >= 0) {
      const auto before = file.read(locator, locator_bytes);
      if (load<std::uint32_t>(before) == locator_64) {
        const auto place_64 = static_cast<std::int64_t>(load<std::uint64_t>(before, 8));
        const auto end_64 = file.read(place_64, 56);
        if (load<std::uint32_t>(end_64) != directory_end_64) fail(file, "the ZIP64 end of directory is damaged");
        directory.bytes = static_cast<std::int64_t>(load<std::uint64_t>(end_64, 40));
        directory.offset = static_cast<std::int64_t>(load<std::uint64_t>(end_64, 48));
      }
    }
    return directory;
  }
  fail(file, "no directory of a ZIP archive at its end; the file is cut short or no archive");
}

/// Replaces the sizes that did not fit 32 bits by those of the ZIP64 field, in the order that it prescribes.
void read_extra(ByteCursor extra, ZipMember& member) {
  while (extra.left() >= 4) {
    const auto id = extra.number<std::uint16_t>();
    const auto length = extra.number<std::uint16_t>();
    ByteCursor field(extra.bytes(length), "a ZIP64 field");
    if (id != 1) continue;
    for (std::int64_t* value : {&member.size, &member.stored, &member.header}) {
      if (*value == 0xffffffff) *value = static_cast<std::int64_t>(field.number<std::uint64_t>());
    }
  }
}

}  // namespace

ZipArchive::ZipArchive(std::shared_ptr<const RandomAccessFile> file) : file_(std::move(file)) {
  const Directory directory = find_directory(*file_);
  const std::vector<std::byte> bytes = file_->read(directory.offset, directory.bytes);
  ByteCursor in(bytes, "the ZIP directory of " + file_->path().filename().string(), directory.offset);
  while (in.left() > 0) {
    if (in.number<std::uint32_t>() != directory_entry) in.fail("an entry of the directory is expected");
    in.skip(4);
    const auto flags = in.number<std::uint16_t>();
    ZipMember member;
    member.method = in.number<std::uint16_t>();
    in.skip(4);
    member.checksum = in.number<std::uint32_t>();
    member.stored = in.number<std::uint32_t>();
    member.size = in.number<std::uint32_t>();
    const auto name = in.number<std::uint16_t>(), extra = in.number<std::uint16_t>(),
               comment = in.number<std::uint16_t>();
    in.skip(8);
    member.header = in.number<std::uint32_t>();
    const auto text = in.bytes(name);
    member.name = to_utf8({reinterpret_cast<const char*>(text.data()), text.size()});
    read_extra(ByteCursor(in.bytes(extra), "the extra fields of " + member.name), member);
    in.skip(comment);
    if (flags & 1) throw Error(ErrorKind::unsupported, "'" + member.name + "' in the ZIP archive is encrypted");
    const std::int64_t size = file_->size();
    if (member.size < 0 || member.stored < 0 || member.header < 0 || member.header > size - local_bytes ||
        member.stored > size - local_bytes - member.header) {
      in.fail("'" + member.name + "' lies outside the file");
    }
    if (member.method == 0 ? member.size != member.stored : member.size / best_deflate_ratio > member.stored) {
      in.fail("'" + member.name + "' cannot have " + std::to_string(member.size) + " bytes, stored in " +
              std::to_string(member.stored));
    }
    members_.push_back(std::move(member));
  }
}

const ZipMember* ZipArchive::find(std::string_view name) const {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const ZipMember& one) { return one.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

std::int64_t ZipArchive::data_offset(const ZipMember& member) const {
  const auto header = file_->read(member.header, local_bytes);
  if (load<std::uint32_t>(header) != local_entry) {
    fail(*file_, "no local header of '" + member.name + "' at byte " + std::to_string(member.header));
  }
  const std::int64_t offset =
      member.header + local_bytes + load<std::uint16_t>(header, 26) + load<std::uint16_t>(header, 28);
  if (offset > file_->size() - member.stored) fail(*file_, "'" + member.name + "' reaches beyond the end of the file");
  return offset;
}

std::vector<std::byte> ZipArchive::read(const ZipMember& member, std::int64_t count) const {
  if (count > member.size) {
    fail(*file_, "'" + member.name + "' has " + std::to_string(member.size) + " bytes, but " + std::to_string(count) +
                     " are needed");
  }
  const std::int64_t offset = data_offset(member);
  std::vector<std::byte> out;
  if (member.method == 0) {
    out = file_->read(offset, count);
  } else if (member.method == 8) {
    out.resize(static_cast<std::size_t>(count));
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw Error(ErrorKind::out_of_memory, "zlib cannot start");
    const auto close = [](z_stream* one) { inflateEnd(one); };
    const std::unique_ptr<z_stream, decltype(close)> closing(&stream, close);
    constexpr std::int64_t piece = std::int64_t{1} << 20;
    std::vector<std::byte> input;
    std::int64_t fed = 0, made = 0;
    int state = Z_OK;
    while (made < count && state == Z_OK) {
      if (stream.avail_in == 0 && fed < member.stored) {
        input = file_->read(offset + fed, std::min(piece, member.stored - fed));
        fed += static_cast<std::int64_t>(input.size());
        stream.next_in = reinterpret_cast<Bytef*>(input.data());
        stream.avail_in = static_cast<uInt>(input.size());
      }
      const auto room = static_cast<uInt>(std::min(count - made, std::int64_t{1} << 30));
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + made);
      stream.avail_out = room;
      state = inflate(&stream, Z_NO_FLUSH);
      made += room - stream.avail_out;
    }
    if (made < count) {
      fail(*file_, "'" + member.name + "' is damaged: it decodes to " + std::to_string(made) + " bytes instead of " +
                       std::to_string(member.size));
    }
  } else {
    throw Error(ErrorKind::unsupported, "'" + member.name + "' in the ZIP archive is compressed by method " +
                                            std::to_string(member.method) +
                                            "; supported are 0 (stored) and 8 (deflated)");
  }
  if (count == member.size) {
    std::uint32_t checksum = 0;
    for (std::size_t at = 0; at < out.size(); at += std::size_t{1} << 30) {
      checksum = static_cast<std::uint32_t>(crc32(checksum, reinterpret_cast<const Bytef*>(out.data() + at),
                                                  static_cast<uInt>(std::min(out.size() - at, std::size_t{1} << 30))));
    }
    if (checksum != member.checksum) fail(*file_, "'" + member.name + "' is damaged: its checksum differs");
  }
  return out;
}

}  // namespace ruska::io
