// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/io/hdf5/file_blocks.hpp"

namespace ruska::io::hdf5 {

/// Decodes chunks: deflate, shuffle, Fletcher's checksum, LZF, Blosc, LZ4, bitshuffle (plain, with LZ4 or Zstandard)
/// and Zstandard. Many threads may decode at once.
class FilterPipeline {
 public:
  FilterPipeline() = default;
  /// The message IV.A.2.l, versions 1 and 2. Throws bad_data.
  explicit FilterPipeline(Cursor message);

  bool empty() const { return filters_.empty(); }
  /// Throws unsupported, naming a filter that is none of the above.
  void check_supported() const;
  /// What was stored of a chunk, decoded to `out`, whose size is the chunk's. Bit i of `skipped` says that filter i was
  /// not applied. Throws bad_data.
  void decode(std::vector<std::byte> stored, std::uint32_t skipped, std::span<std::byte> out) const;
  /// The fewest bytes that so many can have been stored as.
  std::uint64_t fewest_stored(std::uint64_t bytes) const;

 private:
  struct Filter {
    std::uint64_t id = 0;
    std::string name;
    std::vector<std::uint32_t> values;
  };
  std::vector<Filter> filters_;  // in the order in which they were applied
};

}  // namespace ruska::io::hdf5
