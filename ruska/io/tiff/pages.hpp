// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "ruska/core/source.hpp"
#include "ruska/io/tiff/directory.hpp"

namespace ruska::io::tiff {

/// How the pixels of a page are stored. Pages that are alike in it can be one stack.
struct Layout {
  std::int64_t width = 0, height = 0;
  std::int64_t samples = 1;  ///< values per pixel
  DType dtype = DType::uint8;
  bool separate = false;  ///< each sample in a plane of its own
  bool colour = false;    ///< the samples are R, G, B and perhaps A
  std::uint64_t compression = 1;
  bool tiled = false;
  std::int64_t chunk_width = 0, chunk_height = 0;

  bool operator==(const Layout&) const = default;
  std::int64_t chunks_across() const { return (width + chunk_width - 1) / chunk_width; }
  std::int64_t chunks_down() const { return (height + chunk_height - 1) / chunk_height; }
  /// Values per pixel within one chunk.
  std::int64_t chunk_samples() const { return separate ? 1 : samples; }
  std::int64_t chunk_row_bytes() const {
    return chunk_width * chunk_samples() * static_cast<std::int64_t>(size_of(dtype));
  }
};

struct Chunk {
  std::int64_t offset = 0, bytes = 0;
};

/// One page: the directory it comes from and where its strips or tiles lie.
struct Page {
  std::int64_t directory = 0;
  std::vector<Chunk> chunks{};
};

/// Layout and place of a page, checked against the file. Throws bad_data, and unsupported for pixels that ruska does
/// not hold and compressions that are not there.
std::pair<Layout, Page> page_of(const Structure& structure, const Directory& directory);

/// Pages of one layout as a signal. The description's axes are those over the pages, slowest first, then `sample` where
/// the pixels have several values that are no colour, then height (absent for the single line of a spectrum) and width,
/// then the parts of a colour.
std::shared_ptr<const Source> page_stack(const Structure& structure, const Layout& layout, std::vector<Page> pages,
                                         Description description);

}  // namespace ruska::io::tiff
