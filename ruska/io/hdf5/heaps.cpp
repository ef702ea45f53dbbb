// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/heaps.hpp"

#include <algorithm>
#include <bit>

#include "ruska/base/error.hpp"
#include "ruska/io/hdf5/btree2.hpp"
#include "ruska/io/hdf5/checksum.hpp"

namespace ruska::io::hdf5 {
namespace {

/// What may be read from a global heap again and again, beside a multiple of the file.
constexpr std::uint64_t believed = std::uint64_t{256} << 20;

/// Of a fractal heap; the library makes blocks of 64 KiB.
constexpr std::uint64_t largest_block = std::uint64_t{1} << 30;

constexpr std::uint64_t padded(std::uint64_t size) { return (size + 7) / 8 * 8; }

}  // namespace

LocalHeap::LocalHeap(const FileBlocks& file, std::uint64_t address) {
  const Widths widths = file.widths();
  const Block head = file.block(address, 8 + 2 * widths.length + widths.address);
  Cursor cursor = head.cursor();
  cursor.expect("HEAP");
  if (cursor.number(1) != 0) cursor.fail("a local heap of an unknown version");
  cursor.skip(3);
  const std::uint64_t bytes = cursor.length();
  cursor.length();
  data_ = file.block(cursor.address(), bytes);
}

std::string LocalHeap::text(std::uint64_t offset) const {
  Cursor cursor = data_.cursor();
  cursor.skip(offset);
  return cursor.text();
}

const GlobalHeap::Collection& GlobalHeap::collection(std::uint64_t address) const {
  const auto known = known_.find(address);
  if (known != known_.end()) return known->second;
  const std::uint64_t head_bytes = 8 + file_.widths().length;
  const Block head = file_.block(address, head_bytes);
  Cursor cursor = head.cursor();
  cursor.expect("GCOL");
  if (cursor.number(1) != 1) cursor.fail("a global heap of an unknown version");
  cursor.skip(3);
  const std::uint64_t bytes = cursor.length();
  if (bytes < head_bytes) cursor.fail("a global heap of " + std::to_string(bytes) + " bytes");
  file_.place(address, bytes);
  // Collections do not overlap, so looking through all that a file refers to costs no more than reading it once.
  const auto next = ends_.lower_bound(address);
  if ((next != ends_.end() && next->first < address + bytes) ||
      (next != ends_.begin() && std::prev(next)->second > address)) {
    cursor.fail("global heaps that overlap");
  }
  Collection objects;
  const std::uint64_t object_head = 8 + file_.widths().length;
  for (std::uint64_t at = head_bytes; at + object_head <= bytes;) {
    const Block prefix = file_.block(address + at, object_head);
    Cursor object = prefix.cursor();
    const std::uint64_t index = object.number(2);
    object.skip(6);
    const std::uint64_t size = object.length();
    // Free space, whose size counts its own prefix, ends the collection.
    if (index == 0) break;
    if (size > bytes - at - object_head) object.fail("a global heap's object is longer than the heap");
    if (!objects.emplace(index, Place{address + at + object_head, size}).second) {
      object.fail("a global heap has two objects " + std::to_string(index));
    }
    at += object_head + padded(size);
  }
  ends_[address] = address + bytes;
  return known_.emplace(address, std::move(objects)).first->second;
}

GlobalHeap::Place GlobalHeap::place_of(std::uint64_t address, std::uint64_t index) const {
  const Collection& objects = collection(address);
  const auto found = objects.find(index);
  if (found == objects.end()) {
    throw Error(ErrorKind::bad_data, "the heap at the address " + std::to_string(address) + " has no object " +
                                         std::to_string(index) + " that a value refers to");
  }
  return found->second;
}

Block GlobalHeap::object(std::uint64_t address, std::uint64_t index) const {
  Place place{};
  {
    const std::lock_guard guard(mutex_);
    place = place_of(address, index);
    given_ += place.bytes;
    if (given_ > believed + 16 * file_.size()) {
      throw Error(ErrorKind::bad_data, "values of very many more bytes than the file has");
    }
  }
  return file_.block(place.address, place.bytes);
}

Block GlobalHeap::beginning_of(std::uint64_t address, std::uint64_t index, std::uint64_t bytes) const {
  Place place{};
  {
    const std::lock_guard guard(mutex_);
    place = place_of(address, index);
  }
  if (bytes > place.bytes) {
    fail_at(place.address, "a list of " + std::to_string(bytes) + " bytes has " + std::to_string(place.bytes));
  }
  return file_.block(place.address, bytes);
}

FractalHeap::FractalHeap(const FileBlocks& file, std::uint64_t address) : file_(file), address_(address) {
  const Widths widths = file.widths();
  const std::uint64_t bytes = 22 + 12 * widths.length + 3 * widths.address + 4;
  const Block start = file.block(address, bytes);
  Cursor cursor = start.cursor();
  cursor.expect("FRHP");
  if (cursor.number(1) != 0) cursor.fail("a fractal heap of an unknown version");
  id_bytes_ = cursor.number(2);
  const std::uint64_t filter_bytes = cursor.number(2);
  if (filter_bytes != 0) {
    throw Error(ErrorKind::unsupported, "at byte " + std::to_string(start.place) +
                                            ": names and attributes that are compressed are not supported");
  }
  file.checked_block(address, bytes, "FRHP");
  checksums_ = (cursor.number(1) & 2) != 0;
  const std::uint64_t largest_managed = cursor.number(4);
  cursor.length();
  huge_tree_ = cursor.address();
  cursor.length();
  cursor.address();
  for (int i = 0; i < 8; ++i) cursor.length();
  width_ = cursor.number(2);
  start_bytes_ = cursor.length();
  largest_direct_ = cursor.length();
  const std::uint64_t offset_bits = cursor.number(2);
  cursor.skip(2);
  root_ = cursor.address();
  root_rows_ = cursor.number(2);
  if (!std::has_single_bit(width_) || !std::has_single_bit(start_bytes_) || !std::has_single_bit(largest_direct_) ||
      start_bytes_ > largest_direct_ || largest_direct_ > largest_block || offset_bits == 0 || offset_bits > 64 ||
      root_rows_ > 64) {
    cursor.fail("a fractal heap of impossible sizes");
  }
  offset_bytes_ = (offset_bits + 7) / 8;
  const auto bytes_of = [](std::uint64_t bits) { return (bits + 7) / 8; };
  length_bytes_ = std::min(bytes_of(static_cast<std::uint64_t>(std::bit_width(largest_direct_)) - 1),
                           bytes_of(static_cast<std::uint64_t>(std::bit_width(largest_managed))));
}

std::uint64_t FractalHeap::row_bytes(std::uint64_t row) const {
  const std::uint64_t shift = row == 0 ? 0 : row - 1;
  if (shift >= 63 || start_bytes_ > (UINT64_MAX >> 1) >> shift) {
    fail_at(address_, "a fractal heap larger than any file");
  }
  return start_bytes_ << shift;
}

const Block& FractalHeap::checked(std::uint64_t address, std::uint64_t count, std::string_view signature) const {
  const auto found = read_.find(address);
  if (found != read_.end()) {
    if (found->second.bytes.size() < count - 4) fail_at(found->second.place, "a fractal heap's blocks overlap");
    return found->second;
  }
  return keep(address, file_.checked_block(address, count, signature));
}

/// Blocks do not overlap, so together they have no more bytes than the file.
const Block& FractalHeap::keep(std::uint64_t address, Block block) const {
  held_ += block.bytes.size();
  if (held_ > file_.size()) fail_at(block.place, "a fractal heap's blocks overlap");
  return read_.emplace(address, std::move(block)).first->second;
}

Block FractalHeap::managed(std::uint64_t offset, std::uint64_t bytes) const {
  const Widths widths = file_.widths();
  const std::uint64_t direct_rows = static_cast<std::uint64_t>(std::countr_zero(largest_direct_)) -
                                    static_cast<std::uint64_t>(std::countr_zero(start_bytes_)) + 2;
  std::uint64_t address = root_, rows = root_rows_, direct_bytes = start_bytes_;
  const std::uint64_t head = 5 + widths.address + offset_bytes_;
  for (int depth = 0; rows > 0; ++depth) {
    if (depth > 64) fail_at(address_, "a fractal heap nested too deep");
    const std::uint64_t direct = std::min(rows, direct_rows);
    const std::uint64_t entries = rows * width_;
    const Block& block = checked(address, head + entries * widths.address + 4, "FHIB");
    // Row 0 and row 1 have blocks of one size, every later row has blocks twice as large.
    std::uint64_t row = 0, row_start = 0;
    while (row < rows) {
      std::uint64_t row_total = 0;
      if (__builtin_mul_overflow(row_bytes(row), width_, &row_total)) break;
      if (offset - row_start < row_total) break;
      row_start += row_total;
      ++row;
    }
    if (row >= rows) fail_at(block.place, "a heap identifier leads beyond the heap");
    const std::uint64_t child_bytes = row_bytes(row);
    const std::uint64_t column = (offset - row_start) / child_bytes;
    Cursor cursor = block.cursor();
    cursor.skip(head + (row * width_ + column) * widths.address);
    address = cursor.address();
    offset -= row_start + column * child_bytes;
    if (row < direct) {
      direct_bytes = child_bytes;
      rows = 0;
    } else {
      const auto log2 = [](std::uint64_t value) { return static_cast<std::uint64_t>(std::bit_width(value)) - 1; };
      const std::uint64_t first_row = log2(start_bytes_) + log2(width_);
      if (log2(child_bytes) < first_row) fail_at(block.place, "a fractal heap of impossible sizes");
      rows = log2(child_bytes) - first_row + 1;
    }
  }
  if (offset > direct_bytes || bytes > direct_bytes - offset)
    fail_at(address_, "a heap identifier leads beyond a block");
  auto found = read_.find(address);
  if (found == read_.end()) {
    Block block = file_.block(address, direct_bytes);
    Cursor cursor = block.cursor();
    cursor.expect("FHDB");
    if (cursor.number(1) != 0 || cursor.address() != address_) cursor.fail("a block of another fractal heap");
    if (checksums_) {
      // The checksum covers the block with zeros in its own place.
      const std::size_t at = static_cast<std::size_t>(head);
      if (block.bytes.size() < at + 4) fail_at(block.place, "a block of a fractal heap is too small");
      Cursor stored({block.bytes.data() + at, 4}, block.place + at, widths);
      const std::uint64_t wanted = stored.number(4);
      std::fill_n(block.bytes.begin() + static_cast<std::ptrdiff_t>(at), 4, std::byte{0});
      if (metadata_checksum(block.bytes) != wanted) {
        fail_at(block.place, "the checksum of a block 'FHDB' is wrong");
      }
    }
    keep(address, std::move(block));
    found = read_.find(address);
  }
  const Block& block = found->second;
  if (offset + bytes > block.bytes.size()) fail_at(block.place, "a fractal heap's blocks overlap");
  const auto begin = block.bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  return {{begin, begin + static_cast<std::ptrdiff_t>(bytes)}, block.place + offset, widths};
}

Block FractalHeap::huge(Cursor id) const {
  const Widths widths = file_.widths();
  if (id.left() >= widths.address + widths.length) {
    const std::uint64_t address = id.address();
    return file_.block(address, id.length());
  }
  const std::uint64_t wanted = id.number(std::min<std::size_t>(id.left(), 8));
  // Type 1: address, length and identifier of objects that are not filtered.
  const BTree2 tree(file_, huge_tree_, 1);
  const auto record = tree.find([&](Cursor at) {
    at.address();
    at.length();
    const std::uint64_t there = at.length();
    return wanted < there ? -1 : wanted > there ? 1 : 0;
  });
  if (!record) fail_at(id.place(), "a heap identifier leads nowhere");
  Cursor at = record->cursor();
  const std::uint64_t address = at.address();
  return file_.block(address, at.length());
}

Block FractalHeap::object(std::span<const std::byte> bytes) const {
  Cursor id(bytes, file_.size(), file_.widths());
  const std::uint64_t head = id.number(1);
  if (head >> 6 != 0) fail_at(address_, "a heap identifier of an unknown version");
  switch (head >> 4 & 3) {
    case 0: {
      const std::uint64_t offset = id.number(offset_bytes_);
      return managed(offset, id.number(length_bytes_));
    }
    case 1: return huge(id);
    case 2: {
      std::uint64_t length = head & 15;
      // Identifiers of more than 17 bytes have a second byte for the length.
      if (bytes.size() > 17) length = length << 8 | id.number(1);
      const auto inside = id.take(length + 1);
      return {{inside.begin(), inside.end()}, address_, file_.widths()};
    }
    default: fail_at(address_, "a heap identifier of an unknown kind");
  }
}

}  // namespace ruska::io::hdf5
