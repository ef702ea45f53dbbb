// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "ruska/io/hdf5/file_blocks.hpp"

namespace ruska::io::hdf5 {

/// The names of an old group's members (III.D).
class LocalHeap {
 public:
  LocalHeap(const FileBlocks& file, std::uint64_t address);
  std::string text(std::uint64_t offset) const;

 private:
  Block data_;
};

/// Values of variable length (III.E). May be asked by several threads at once.
class GlobalHeap {
 public:
  explicit GlobalHeap(const FileBlocks& file) : file_(file) {}
  /// The bytes of an object of the collection at an address. Throws bad_data when it is not there, and when far more
  /// bytes have been asked for than the file has, which happens where very many values share one object.
  Block object(std::uint64_t collection, std::uint64_t index) const;
  /// The first `bytes` of an object, as often as anyone asks: for readers whose own output bounds what they ask for.
  /// Throws bad_data when it has fewer.
  Block beginning_of(std::uint64_t collection, std::uint64_t index, std::uint64_t bytes) const;

 private:
  struct Place {
    std::uint64_t address, bytes;
  };
  /// The mutex is held.
  Place place_of(std::uint64_t collection, std::uint64_t index) const;
  using Collection = std::map<std::uint64_t, Place>;  // by index
  const Collection& collection(std::uint64_t address) const;

  const FileBlocks& file_;
  mutable std::mutex mutex_;
  mutable std::uint64_t given_ = 0;
  mutable std::map<std::uint64_t, Collection> known_;
  mutable std::map<std::uint64_t, std::uint64_t> ends_;  // of the known collections, by where they begin
};

/// Links and attributes of new objects that have many (III.G).
class FractalHeap {
 public:
  FractalHeap(const FileBlocks& file, std::uint64_t address);
  std::size_t id_bytes() const { return static_cast<std::size_t>(id_bytes_); }
  /// What the identifier leads to. Throws bad_data.
  Block object(std::span<const std::byte> id) const;

 private:
  Block managed(std::uint64_t offset, std::uint64_t bytes) const;
  Block huge(Cursor id) const;
  std::uint64_t row_bytes(std::uint64_t row) const;
  const Block& checked(std::uint64_t address, std::uint64_t count, std::string_view signature) const;
  const Block& keep(std::uint64_t address, Block block) const;

  const FileBlocks& file_;
  std::uint64_t address_;
  std::uint64_t id_bytes_ = 0, huge_tree_ = undefined_address, width_ = 0, start_bytes_ = 0, largest_direct_ = 0;
  std::uint64_t root_ = undefined_address, root_rows_ = 0;
  std::uint64_t offset_bytes_ = 0, length_bytes_ = 0;
  bool checksums_ = false;
  // Blocks that have been read; links and attributes are read one after the other.
  mutable std::map<std::uint64_t, Block> read_;
  mutable std::uint64_t held_ = 0;
};

}  // namespace ruska::io::hdf5
