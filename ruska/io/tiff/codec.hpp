// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "ruska/io/tiff/pages.hpp"

namespace ruska::io::tiff {

/// Whether libtiff here can decode a compression.
bool can_decode(std::uint64_t compression);

/// Decodes compressed strips and tiles through libtiff. For one thread; none of libtiff's messages reach the outside.
class Codec {
 public:
  explicit Codec(std::shared_ptr<const RandomAccessFile> file);
  ~Codec();

  /// Fills `out` with the first rows of a chunk in the machine's byte order. Throws bad_data.
  void decode(const Layout& layout, const Page& page, std::int64_t chunk, std::span<std::byte> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ruska::io::tiff
