// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "ruska/core/dataset.hpp"
#include "ruska/core/executor.hpp"

namespace ruska::ops::diffraction {

/// What is done to every value before it is summed: (value − dark) · gain. Empty vectors stand for 0 and 1.
struct Correction {
  std::vector<double> dark, gain;
  bool none() const { return dark.empty() && gain.empty(); }
};

/// The navigation positions in ranges of at least 64 frames where there are enough, however large a frame is: its part
/// of the patterns is then loaded once for many frames.
Partitions frame_partitions(const Description& data);

/// Rows of consecutive frames: `values` as the kernel wants them, the first of them frame `frame` of the dataset.
template <class T>
struct LoadedRows {
  const T* values = nullptr;
  std::int64_t frame_stride = 0;
  std::int64_t frame = 0, frames = 0;
  std::int64_t first_row = 0, rows = 0;
};

/// Reads frames part by part, where they lie in memory without a copy, else into a buffer of its own that the caches
/// hold. One per worker. `T` is the stored type, or double where values are corrected.
template <class T>
class FrameReader {
 public:
  FrameReader(const Dataset& data, const Correction& correction) : data_(data), correction_(correction) {}

  /// Calls `use` with all rows of the frames in `range`; each part of a frame once, top to bottom.
  void read(RowRange range, const std::function<void(const LoadedRows<T>&)>& use);

  /// Bytes that one reader comes to hold.
  static std::int64_t bytes_held(const Description& data, bool corrected);

 private:
  void read_region(const Region& region, std::int64_t first_frame,
                   const std::function<void(const LoadedRows<T>&)>& use);
  const T* correct(std::span<const std::byte> stored, std::int64_t frames, std::int64_t first_row, std::int64_t rows);

  const Dataset& data_;
  const Correction& correction_;
  std::vector<std::byte> buffer_;
  std::vector<double> corrected_;
};

}  // namespace ruska::ops::diffraction
