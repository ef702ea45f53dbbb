// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "ruska/core/source.hpp"

namespace ruska {

/// How a sink lays out what it is given, and how it wants to be fed.
struct Storage {
  Shape chunk{};              ///< one length per axis; empty when storage is contiguous
  std::string compression{};  ///< "gzip level 1 after a byte shuffle"; empty for none
  bool concurrent = false;    ///< several threads may write boxes of whole chunks at a time
  std::int64_t buffered = 0;  ///< bytes that the sink itself may come to hold, beside the region that is written
};

/// Where values go: the mirror of a Source. Regions may come in any order, each element once.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Storage storage() const { return {}; }
  /// `values` holds the region in C order. One thread at a time unless the storage is concurrent.
  virtual void write(const Region& region, std::span<const std::byte> values) = 0;
  /// Brings what was written to the disk, so that it outlives the process and the machine's halt. For sinks of drivers
  /// that resume.
  virtual void flush() {}
  /// Ends the file; without it the file is worth nothing.
  virtual void commit() = 0;
};

}  // namespace ruska
