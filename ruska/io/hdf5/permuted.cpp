// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/permuted.hpp"

#include <cstring>

namespace ruska::io::hdf5 {

void permute(const std::byte* from, const Shape& shape, const Shape& stride, std::size_t item, std::byte* to) {
  Shape index(shape.size(), 0);
  const std::int64_t total = count(shape);
  std::int64_t at = 0;
  for (std::int64_t done = 0; done < total; ++done) {
    std::memcpy(to + static_cast<std::size_t>(done) * item, from + static_cast<std::size_t>(at) * item, item);
    for (std::size_t a = shape.size(); a-- > 0;) {
      at += stride[a];
      if (++index[a] < shape[a]) break;
      at -= stride[a] * shape[a];
      index[a] = 0;
    }
  }
}

}  // namespace ruska::io::hdf5
