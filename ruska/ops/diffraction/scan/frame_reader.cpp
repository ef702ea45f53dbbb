// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/frame_reader.hpp"

#include <algorithm>

#include "ruska/base/error.hpp"
#include "ruska/core/rows.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t partition_bytes_per_frame = 32 << 10;        // of 128 KiB: at least 64 frames
constexpr std::int64_t partition_bytes_per_large_frame = 16 << 10;  // whose patterns cost more to clear and to merge
constexpr std::int64_t large_frame = 1 << 20;
constexpr std::int64_t cached_bytes = 1 << 20;  // of a buffer that stays in a core's own cache
constexpr std::int64_t kernel_frames = 8;
constexpr std::int64_t most_bytes = 16 << 20;  // of whole frames, which chunked and computed sources are read in

std::int64_t bytes_per_frame(const Description& data) {
  return data.signal_size() * static_cast<std::int64_t>(size_of(data.dtype));
}

/// A box of frames and rows that is read at once.
struct Part {
  std::int64_t frames, rows;
};

Part part_of(const Description& data) {
  const std::int64_t frames = frame_partitions(data).largest();
  const std::int64_t height = data.signal_shape().at(0);
  // A chunk is decoded whole, whichever rows of it are wanted.
  if (!data.chunk.empty() || data.lazy || data.sparse) {
    return {std::clamp<std::int64_t>(most_bytes / bytes_per_frame(data), 1, frames), height};
  }
  // Whole frames lie together in a file; of large ones, rows of eight frames are as much as the kernel can make use of.
  const std::int64_t together = std::min(frames, std::max(kernel_frames, cached_bytes / bytes_per_frame(data)));
  return {together, std::clamp<std::int64_t>(cached_bytes * height / (together * bytes_per_frame(data)), 1, height)};
}

}  // namespace

Partitions frame_partitions(const Description& data) {
  const std::int64_t bytes = bytes_per_frame(data);
  return {data.navigation_size(),
          std::min(bytes, bytes < large_frame ? partition_bytes_per_frame : partition_bytes_per_large_frame)};
}

template <class T>
std::int64_t FrameReader<T>::bytes_held(const Description& data, bool corrected) {
  const Part part = part_of(data);
  const std::int64_t stored = part.frames * part.rows * bytes_per_frame(data) / data.signal_shape().at(0);
  return stored + (corrected ? stored / static_cast<std::int64_t>(size_of(data.dtype)) * 8 : 0);
}

template <class T>
void FrameReader<T>::read(RowRange range, const std::function<void(const LoadedRows<T>&)>& use) {
  const Description& data = data_.describe();
  const std::int64_t step = part_of(data).frames;
  for (std::int64_t begin = range.begin; begin < range.end; begin += step) {
    std::int64_t frame = begin;
    for (const Region& region : regions_of_rows(data, {begin, std::min(range.end, begin + step)})) {
      const std::int64_t frames = region.count() / data.signal_size();
      with_context(
          [&] {
            return "reading frames " + std::to_string(frame) + " to " + std::to_string(frame + frames) + " of '" +
                   data.title + "'";
          },
          [&] { read_region(region, frame, use); });
      frame += frames;
    }
  }
}

template <class T>
void FrameReader<T>::read_region(const Region& region, std::int64_t first_frame,
                                 const std::function<void(const LoadedRows<T>&)>& use) {
  const Description& data = data_.describe();
  const std::size_t item = size_of(data.dtype), rank = region.shape.size();
  const std::int64_t height = region.shape[rank - 2], width = region.shape[rank - 1];
  const std::int64_t frames = region.count() / (height * width);
  const std::int64_t part_rows = part_of(data).rows;
  const auto stored = data_.source().view(region);
  const bool in_memory = !stored.empty() && reinterpret_cast<std::uintptr_t>(stored.data()) % item == 0;
  if (in_memory && correction_.none()) {
    use({reinterpret_cast<const T*>(stored.data()), height * width, first_frame, frames, 0, height});
    return;
  }
  for (std::int64_t row = 0; row < height; row += part_rows) {
    Region part = region;
    part.start[rank - 2] += row;
    part.shape[rank - 2] = std::min(part_rows, height - row);
    const std::int64_t rows = part.shape[rank - 2];
    buffer_.resize(static_cast<std::size_t>(part.count()) * item);
    data_.source().read(part, buffer_);
    const T* const values =
        correction_.none() ? reinterpret_cast<const T*>(buffer_.data()) : correct(buffer_, frames, row, rows);
    use({values, rows * width, first_frame, frames, row, rows});
  }
}

template <class T>
const T* FrameReader<T>::correct(std::span<const std::byte> stored, std::int64_t frames, std::int64_t first_row,
                                 std::int64_t rows) {
  if constexpr (!std::is_same_v<T, double>) {
    throw Error(ErrorKind::internal, "corrected values are float64");
  } else {
    const std::int64_t width = data_.describe().signal_shape().at(1);
    const std::int64_t pixels = rows * width, first = first_row * width;
    corrected_.resize(static_cast<std::size_t>(frames * pixels));
    visit_dtype(data_.describe().dtype, [&]<class S>() {
      if constexpr (!is_complex_v<S>) {
        const S* const from = reinterpret_cast<const S*>(stored.data());
        for (std::int64_t f = 0; f < frames; ++f) {
          for (std::int64_t p = 0; p < pixels; ++p) {
            double value = static_cast<double>(from[f * pixels + p]);
            const auto pixel = static_cast<std::size_t>(first + p);
            if (!correction_.dark.empty()) value -= correction_.dark[pixel];
            if (!correction_.gain.empty()) value *= correction_.gain[pixel];
            corrected_[static_cast<std::size_t>(f * pixels + p)] = value;
          }
        }
      }
    });
    return corrected_.data();
  }
}

template class FrameReader<std::uint8_t>;
template class FrameReader<std::int8_t>;
template class FrameReader<std::uint16_t>;
template class FrameReader<std::int16_t>;
template class FrameReader<std::uint32_t>;
template class FrameReader<std::int32_t>;
template class FrameReader<std::uint64_t>;
template class FrameReader<std::int64_t>;
template class FrameReader<float>;
template class FrameReader<double>;

}  // namespace ruska::ops::diffraction
