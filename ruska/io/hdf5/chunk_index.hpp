// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ruska/io/hdf5/layout.hpp"

namespace ruska::io::hdf5 {

/// Where a chunk lies.
struct StoredChunk {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::uint32_t skipped = 0;  ///< bit i: filter i was not applied
};

/// Finds chunks by their place in the grid. Reads only the parts of the index that lead to what is asked for, and may
/// be asked by several threads at once.
class ChunkIndex {
 public:
  virtual ~ChunkIndex() = default;
  /// Nothing for a chunk that was never written. Throws bad_data.
  virtual std::optional<StoredChunk> find(const Shape& place) const = 0;
};

/// `chunk_bytes` is the size of a chunk that is not filtered. Throws bad_data.
std::unique_ptr<ChunkIndex> chunk_index(const FileBlocks& file, const Layout& layout, const Dataspace& space,
                                        std::uint64_t chunk_bytes, bool filtered);

}  // namespace ruska::io::hdf5
