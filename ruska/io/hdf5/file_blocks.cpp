// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/file_blocks.hpp"

#include <algorithm>
#include <cstring>

#include "ruska/base/error.hpp"
#include "ruska/io/hdf5/checksum.hpp"
#include "ruska/io/little_endian.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::string_view file_signature = "\x89HDF\r\n\x1a\n";
constexpr std::size_t checksum_bytes = 4;

bool begins(std::span<const std::byte> bytes, std::string_view signature) {
  return bytes.size() >= signature.size() && std::memcmp(bytes.data(), signature.data(), signature.size()) == 0;
}

}  // namespace

void fail_at(std::uint64_t place, const std::string& what) {
  throw Error(ErrorKind::bad_data, "at byte " + std::to_string(place) + ": " + what);
}

std::uint64_t Cursor::number(std::size_t width) {
  const auto bytes = take(width);
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<std::uint64_t>(bytes[i]);
  return value;
}

std::uint64_t Cursor::address() {
  const std::uint64_t value = number(widths_.address);
  const std::uint64_t none = undefined_address >> (64 - 8 * widths_.address);
  return value == none ? undefined_address : value;
}

std::uint64_t Cursor::length() { return number(widths_.length); }

std::span<const std::byte> Cursor::take(std::uint64_t count) {
  if (count > left()) {
    fail(std::to_string(count) + " bytes were expected here, where its structure has " + std::to_string(left()));
  }
  const auto taken = bytes_.subspan(at_, static_cast<std::size_t>(count));
  at_ += static_cast<std::size_t>(count);
  return taken;
}

std::string Cursor::text() {
  const auto rest = bytes_.subspan(at_);
  const auto end = std::find(rest.begin(), rest.end(), std::byte{0});
  if (end == rest.end()) fail("a text without an end");
  std::string text(reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(end - rest.begin()));
  at_ += text.size() + 1;
  return text;
}

void Cursor::expect(std::string_view signature) {
  const std::uint64_t there = place();
  if (!begins(take(signature.size()), signature)) {
    fail_at(there, "the signature '" + std::string(signature) + "' was expected here");
  }
}

Cursor Cursor::part(std::uint64_t count) {
  const std::uint64_t there = place();
  return {take(count), there, widths_};
}

void Cursor::fail(const std::string& what) const { fail_at(place(), what); }

void Visited::once(std::uint64_t address) {
  if (!seen_.insert(address).second) fail_at(address, "a structure that contains itself");
}

FileBlocks::FileBlocks(const std::filesystem::path& path) : file_(std::make_shared<const RandomAccessFile>(path)) {
  const auto end = static_cast<std::uint64_t>(file_->size());
  // Before it may lie a block of another format, of 512 bytes or a power of two times that.
  std::uint64_t at = 0;
  for (;; at = at == 0 ? 512 : 2 * at) {
    if (at + file_signature.size() > end) throw Error(ErrorKind::bad_data, "this is no HDF5 file");
    if (begins(file_->read(static_cast<std::int64_t>(at), file_signature.size()), file_signature)) break;
  }
  base_ = at;
  Block head = block(0, std::min<std::uint64_t>(end - at, 128));
  Cursor cursor = head.cursor();
  cursor.skip(file_signature.size());
  const std::uint64_t version = cursor.number(1);
  const auto read_widths = [&] {
    widths_.address = static_cast<unsigned>(cursor.number(1));
    widths_.length = static_cast<unsigned>(cursor.number(1));
    for (const unsigned width : {widths_.address, widths_.length}) {
      if (width != 2 && width != 4 && width != 8) {
        throw Error(ErrorKind::unsupported, "addresses or lengths of " + std::to_string(width) +
                                                " bytes; HDF5 files with 2, 4 or 8 are supported");
      }
    }
    head.widths = widths_;
    const std::size_t passed = cursor.passed();
    cursor = head.cursor();
    cursor.skip(passed);
  };
  std::uint64_t base = 0, stored_end = 0, driver = undefined_address;
  if (version <= 1) {
    cursor.skip(4);
    read_widths();
    cursor.skip(version == 1 ? 13 : 9);
    base = cursor.address();
    cursor.address();
    stored_end = cursor.address();
    driver = cursor.address();
    cursor.address();
    root_ = cursor.address();
  } else if (version <= 3) {
    read_widths();
    cursor.skip(1);
    base = cursor.address();
    cursor.address();
    stored_end = cursor.address();
    root_ = cursor.address();
    const std::uint32_t wanted = metadata_checksum(std::span(head.bytes).first(cursor.passed()));
    if (cursor.number(checksum_bytes) != wanted) fail_at(base_, "the superblock is damaged: its checksum is wrong");
  } else {
    throw Error(ErrorKind::unsupported,
                "an HDF5 superblock of version " + std::to_string(version) + "; 0 to 3 are supported");
  }
  if (driver != undefined_address) {
    throw Error(ErrorKind::unsupported, "an HDF5 file that is stored in several files");
  }
  // Where something was put before the file later on, its own base is wrong and the end moves with the signature.
  stored_end += base_ - base;
  if (stored_end > end) {
    throw Error(ErrorKind::bad_data,
                "the file is cut short: it has " + std::to_string(end) + " bytes of " + std::to_string(stored_end));
  }
}

std::int64_t FileBlocks::place(std::uint64_t address, std::uint64_t count) const {
  const std::uint64_t room = size() - base_;
  if (address > room || count > room - address) {
    throw Error(ErrorKind::bad_data, "an address leads out of the file: " + std::to_string(count) + " bytes at " +
                                         std::to_string(address) + ", where there are " + std::to_string(room));
  }
  return static_cast<std::int64_t>(base_ + address);
}

Block FileBlocks::block(std::uint64_t address, std::uint64_t count) const {
  const std::int64_t at = place(address, count);
  return {file_->read(at, static_cast<std::int64_t>(count)), static_cast<std::uint64_t>(at), widths_};
}

Block FileBlocks::checked_block(std::uint64_t address, std::uint64_t count, std::string_view signature) const {
  Block found = block(address, count);
  if (!begins(found.bytes, signature)) {
    fail_at(found.place, "the signature '" + std::string(signature) + "' was expected here");
  }
  if (count < signature.size() + checksum_bytes) fail_at(found.place, "a block of " + std::to_string(count) + " bytes");
  const std::size_t covered = found.bytes.size() - checksum_bytes;
  if (metadata_checksum(std::span(found.bytes).first(covered)) != load<std::uint32_t>(found.bytes, covered)) {
    fail_at(found.place, "the checksum of a block '" + std::string(signature) + "' is wrong");
  }
  found.bytes.resize(covered);
  return found;
}

}  // namespace ruska::io::hdf5
