// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/io/hdf5/dataspace.hpp"

namespace ruska::io::hdf5 {

/// Where the values of an array lie (IV.A.2.i), versions 1 to 4 of the message.
struct Layout {
  enum class Kind { compact, contiguous, chunked, virtual_dataset };
  enum class Index { btree1, single, implicit, fixed_array, extensible_array, btree2 };

  Kind kind = Kind::contiguous;
  std::uint64_t address = undefined_address;  ///< of contiguous values or of the index
  Block values{};                             ///< of compact ones
  Shape chunk{};                              ///< in elements of the dataspace
  Index index = Index::btree1;
  bool partial_chunks_unfiltered = false;  ///< chunks that the dataspace's end cuts are stored as they are
  std::uint64_t single_bytes = 0;          ///< of a single filtered chunk
  std::uint32_t single_skipped = 0;
};

/// `rank` axes of elements of `item` bytes. Throws bad_data, unsupported.
Layout read_layout(Cursor message, std::size_t rank, std::size_t item);

}  // namespace ruska::io::hdf5
