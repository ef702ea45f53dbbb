// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/source.hpp"
#include "ruska/io/chunk_cache.hpp"
#include "ruska/io/zspy/store.hpp"

namespace ruska::io::zarr {

/// An array of Zarr version 2 (zarr.readthedocs.io, "Zarr storage specification version 2"): chunks of equal shape,
/// each a value of the store, uncompressed or in Blosc, zlib, gzip, Zstandard or LZ4. Absent chunks hold the fill
/// value. Elements of several parts of one type, colours that is, count as a last axis that is not cut into chunks.
class Array {
 public:
  /// Reads `.zarray` of the array at `key`. Throws bad_data, and unsupported for other formats, compressions, filters.
  Array(std::shared_ptr<const Store> store, std::string key);

  const Shape& shape() const { return shape_; }
  const Shape& chunk() const { return chunk_; }
  /// Nothing for texts and Python objects.
  std::optional<DType> dtype() const { return dtype_; }
  /// The names of an element's parts, along the last axis; empty for plain elements.
  const std::vector<std::string>& fields() const { return fields_; }

  /// Fills `out` with a box in C order, native byte order; chunks are decoded on all threads.
  void read(const Region& region, std::span<std::byte> out) const;
  /// Numbers as a flat list, texts as a list; a word in angle brackets for what is neither or longer than 65536 values.
  Json value() const;
  /// Throws unsupported unless they are real numbers, bad_data for more than the store can justify.
  std::vector<double> read_numbers() const;

  /// Bytes that decoded chunks may come to take.
  std::int64_t buffered() const;

  [[noreturn]] void fail(ErrorKind kind, const std::string& what) const;

 private:
  /// The type of the elements, plain or of several parts.
  void read_type(const Json& type);
  /// A list of texts in one chunk: their number, then each behind its length.
  Json texts() const;
  std::string chunk_key(const Shape& place) const;
  void decode(const std::string& key, std::span<std::byte> out) const;
  std::vector<std::byte> decoded(const std::string& key, std::size_t bytes) const;
  void decompress(std::span<const std::byte> stored, std::span<std::byte> out) const;
  void read_chunk(const Shape& place, const Region& region, std::span<std::byte> out) const;

  std::shared_ptr<const Store> store_;
  std::string key_;
  Shape shape_, chunk_;
  std::optional<DType> dtype_;
  std::vector<std::string> fields_;
  std::string type_name_;
  bool swapped_ = false, fortran_ = false, texts_ = false;
  std::size_t shuffled_ = 0;  // bytes of an element of the shuffle filter; 0 for none
  std::string compressor_, separator_ = ".";
  std::vector<std::byte> fill_;  // one element
  std::shared_ptr<ChunkCache> cache_ = std::make_shared<ChunkCache>();
};

/// A signal whose values are one array; axis i of the description runs along axis `order[i]` of the array.
std::shared_ptr<const Source> source(Description description, Array array, std::vector<int> order);

}  // namespace ruska::io::zarr
