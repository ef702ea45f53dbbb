// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/source.hpp"

namespace ruska {

/// An array cut into boxes of about the same size, in C order. A box begins at a multiple of `step` along every axis
/// and ends at one or at the array's end, so that boxes of whole storage chunks share none.
class Pieces {
 public:
  /// `limit` is the number of elements that a box should not exceed; one step may.
  Pieces(Shape shape, Shape step, std::int64_t limit);

  std::int64_t count() const { return count_; }
  Region at(std::int64_t index) const;
  /// Lengths of a box that no end of the array cuts short.
  const Shape& largest() const { return along_; }

 private:
  Shape shape_, along_, places_;
  std::int64_t count_ = 1;
};

}  // namespace ruska
