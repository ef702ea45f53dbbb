// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/io/random_access_file.hpp"

/// Reading of HDF5 after "HDF5 File Format Specification Version 3.0" (The HDF Group), whose sections the files of this
/// folder name. Nothing in a file is believed: whatever leads out of it or does not add up is an Error bad_data.
namespace ruska::io::hdf5 {

/// The address that stands for "none".
inline constexpr std::uint64_t undefined_address = UINT64_MAX;

/// How many bytes the file gives to an address and to a length.
struct Widths {
  unsigned address = 8, length = 8;
};

/// Reads numbers and texts one after the other from bytes of the file; throws bad_data where they end too early.
class Cursor {
 public:
  /// `place` is the first byte's place in the file, for messages.
  Cursor(std::span<const std::byte> bytes, std::uint64_t place, Widths widths)
      : bytes_(bytes), place_(place), widths_(widths) {}

  /// A little-endian number of at most 8 bytes.
  std::uint64_t number(std::size_t width);
  std::uint64_t address();
  std::uint64_t length();
  std::span<const std::byte> take(std::uint64_t count);
  void skip(std::uint64_t count) { take(count); }
  /// Up to a NUL, which is passed over.
  std::string text();
  /// Throws bad_data unless these very characters come next.
  void expect(std::string_view signature);

  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t passed() const { return at_; }
  /// In the file.
  std::uint64_t place() const { return place_ + at_; }
  Widths widths() const { return widths_; }
  /// The next bytes alone, which this cursor passes over.
  Cursor part(std::uint64_t count);
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t place_;
  Widths widths_;
  std::size_t at_ = 0;
};

/// Bytes of a file with their place in it.
struct Block {
  std::vector<std::byte> bytes;
  std::uint64_t place = 0;
  Widths widths{};

  Cursor cursor() const { return {bytes, place, widths}; }
  std::size_t weight() const { return sizeof(Block) + bytes.size(); }
};

/// Remembers which addresses a walk has seen.
class Visited {
 public:
  /// Throws bad_data for an address that was there before.
  void once(std::uint64_t address);

 private:
  std::set<std::uint64_t> seen_;
};

/// The superblock (II.A) and the translation of the file's addresses, which count from its base.
class FileBlocks {
 public:
  /// Throws not_found, io, and bad_data when the file is no HDF5 file or is cut short.
  explicit FileBlocks(const std::filesystem::path& path);

  const std::shared_ptr<const RandomAccessFile>& file() const { return file_; }
  std::uint64_t size() const { return static_cast<std::uint64_t>(file_->size()); }
  Widths widths() const { return widths_; }
  std::uint64_t root() const { return root_; }
  /// Bytes from the beginning of the file; throws bad_data unless `count` bytes follow there.
  std::int64_t place(std::uint64_t address, std::uint64_t count) const;

  Block block(std::uint64_t address, std::uint64_t count) const;
  /// A block that begins with the signature and ends in a checksum, which is verified and left out. The signature has
  /// been verified, but is still there.
  Block checked_block(std::uint64_t address, std::uint64_t count, std::string_view signature) const;

 private:
  std::shared_ptr<const RandomAccessFile> file_;
  Widths widths_;
  std::uint64_t base_ = 0, root_ = 0;
};

/// The error of a structure that begins at this byte of the file.
[[noreturn]] void fail_at(std::uint64_t place, const std::string& what);

}  // namespace ruska::io::hdf5
