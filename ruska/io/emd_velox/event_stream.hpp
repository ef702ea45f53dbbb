// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tbb/collaborative_call_once.h>

#include "ruska/io/hdf5/source.hpp"

namespace ruska::io::velox {

/// EDS events as Velox stores them: 16-bit words, 65535 ends a pixel, every other word is the channel of one count.
/// Frames over the raster follow one another; they and the streams of all detectors are summed.
///
/// The first read scans the streams once and notes where the lines of each frame begin (8 bytes per line and frame);
/// after that a tile of lines is decoded from its own words alone, so memory holds one tile's words and counts.
class EventStreamSource final : public Source {
 public:
  /// `description` has two navigation axes (y, x) and one of channels; `frames` bounds the frames that are used, 0 for
  /// all. Throws unsupported when a stream is not of 16-bit words, bad_data when the raster cannot be what the streams
  /// walk over.
  EventStreamSource(Description description, std::vector<hdf5::Array> streams, std::int64_t frames);

  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override;
  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override;
  /// The caches of the streams.
  std::int64_t buffered() const override;

 private:
  /// For each stream the word at which every line of every frame begins, and where the last one ends.
  using LineStarts = std::vector<std::vector<std::int64_t>>;
  const LineStarts& line_starts() const;
  std::vector<std::int64_t> scan(const hdf5::Array& stream) const;

  Description description_;
  std::vector<hdf5::Array> streams_;
  std::int64_t frames_;
  mutable tbb::collaborative_once_flag scanned_;
  mutable LineStarts line_starts_;
};

}  // namespace ruska::io::velox
