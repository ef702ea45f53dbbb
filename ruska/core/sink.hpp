// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "ruska/core/source.hpp"

namespace ruska {

/// Where values go: the mirror of a Source. Regions may come in any order, each element once.
class Sink {
 public:
  virtual ~Sink() = default;
  /// `values` holds the region in C order. One thread at a time.
  virtual void write(const Region& region, std::span<const std::byte> values) = 0;
  /// Ends the file; without it the file is worth nothing.
  virtual void commit() = 0;
};

}  // namespace ruska
