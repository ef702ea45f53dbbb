// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/source.hpp"
#include "ruska/io/chunk_cache.hpp"
#include "ruska/io/hdf5/chunk_index.hpp"
#include "ruska/io/hdf5/datatype.hpp"
#include "ruska/io/hdf5/filters.hpp"

namespace ruska::io::hdf5 {

/// The stored elements of an array, whatever its layout. All members may be called from several threads at once.
///
/// Chunks that a region wants whole are decoded on all threads, straight to where they belong where they lie there in
/// one piece; others go through a cache of decoded chunks, in which threads that want the same one share one decode.
/// Memory: the cache's bound, plus two or three chunks per decoding thread.
class StoredValues {
 public:
  /// `type` of the whole element; the dimensions of an array type become the last axes. Throws bad_data, unsupported.
  StoredValues(const FileBlocks& file, const ObjectHeader& header, const Datatype& type, const Dataspace& space);
  ~StoredValues();

  const Shape& shape() const { return shape_; }
  /// Empty unless chunked.
  const Shape& chunk() const { return chunk_; }
  /// Of one element as stored, in bytes; an element of an array type is one of its numbers.
  std::size_t item() const { return item_; }

  /// Throws unsupported where values lie in other files or are filtered in a way that is not known.
  void check_readable() const;
  /// The region lies within the shape and `out` has its size.
  void read(const Region& region, std::span<std::byte> out) const;
  void set_cache(std::int64_t bytes) const;
  /// Bytes that the cache may come to hold.
  std::int64_t buffered() const;

 private:
  struct Overlap;
  void fill(std::span<std::byte> out) const;
  void fill_box(const Overlap& part, const Region& region, std::span<std::byte> out) const;
  void read_chunks(const Region& region, std::span<std::byte> out) const;
  void read_chunk(const Overlap& part, const Region& region, std::span<std::byte> out) const;
  void read_unfiltered(const StoredChunk& chunk, const Overlap& part, const Region& region,
                       std::span<std::byte> out) const;
  void decode(const StoredChunk& chunk, std::span<std::byte> out) const;
  void read_fill_value(const ObjectHeader& header, const Datatype& type);

  const FileBlocks& file_;
  Shape shape_, chunk_;
  std::size_t item_ = 0, space_rank_ = 0;
  Layout layout_;
  FilterPipeline filters_;
  std::vector<std::byte> fill_value_;  // of one element; empty for zeros
  bool in_other_files_ = false;
  std::shared_ptr<const Source> contiguous_;
  std::unique_ptr<const ChunkIndex> index_;
  std::unique_ptr<ChunkCache> cache_;
};

}  // namespace ruska::io::hdf5
