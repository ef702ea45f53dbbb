// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/base/json.hpp"
#include "ruska/io/hdf5/dataspace.hpp"
#include "ruska/io/hdf5/datatype.hpp"
#include "ruska/io/hdf5/heaps.hpp"

namespace ruska::io::hdf5 {

/// What a stored list says of itself (VIII.A). An empty one has no place in a heap.
struct ListPlace {
  std::uint64_t length = 0, heap = 0, index = 0;
};

/// Throws bad_data for entries that are nowhere.
ListPlace list_place(std::span<const std::byte> element, Widths widths);

/// Stored elements as JSON: numbers, truth values, texts; complex numbers as pairs; structures as objects; arrays and
/// ragged lists as lists; opaque bytes as "0x…"; what JSON cannot hold as a word in angle brackets.
class ValueReader {
 public:
  ValueReader(const FileBlocks& file, const GlobalHeap& heap) : file_(file), heap_(heap) {}

  /// Throws bad_data when `stored` is shorter than the elements.
  Json nested(const Datatype& type, const Shape& shape, std::span<const std::byte> stored);
  /// The addresses of objects that references, also those in lists, lead to.
  std::vector<std::uint64_t> references(const Datatype& type, std::int64_t elements, std::span<const std::byte> stored);
  /// One text, of fixed or variable length.
  std::string text(const Datatype& type, std::span<const std::byte> element);

 private:
  Json value(const Datatype& type, std::span<const std::byte> element, int depth);
  /// The elements of a list; nothing for an empty one.
  Block list(const Datatype& type, std::span<const std::byte> element);

  const FileBlocks& file_;
  const GlobalHeap& heap_;
  std::uint64_t bytes_ = 0;  // taken from the heap; no two values share a place in it
};

}  // namespace ruska::io::hdf5
