// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/tiff/pages.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "ruska/io/stored_array.hpp"
#include "ruska/io/tiff/codec.hpp"

namespace ruska::io::tiff {

namespace {

constexpr std::uint64_t no_compression = 1;
constexpr std::uint64_t jpeg = 7;
constexpr std::uint64_t rgb = 2, ycbcr = 6;

/// A decoded chunk must fit into memory with room, and no compression here reaches the ratio.
constexpr std::int64_t largest_chunk = std::int64_t{1} << 30;
constexpr std::int64_t largest_ratio = std::int64_t{1} << 16;

constexpr std::int64_t largest_block = std::int64_t{4} << 20;
constexpr std::int64_t shortest_jump = std::int64_t{16} << 10;

std::string at_directory(const Directory& directory) {
  return "the TIFF page at byte " + std::to_string(directory.place);
}

std::uint64_t number_of(const Structure& structure, const Directory& directory, std::uint16_t tag,
                        std::optional<std::uint64_t> fallback, std::uint64_t low, std::uint64_t high) {
  const Entry* entry = directory.find(tag);
  if (entry == nullptr) {
    if (fallback) return *fallback;
    throw Error(ErrorKind::bad_data, at_directory(directory) + " lacks the tag " + std::to_string(tag));
  }
  const std::vector<std::uint64_t> values = structure.integers(*entry, 1);
  if (values.empty() || values[0] < low || values[0] > high) {
    throw Error(ErrorKind::bad_data, at_directory(directory) + " has " +
                                         (values.empty() ? "no value" : std::to_string(values[0])) + " in the tag " +
                                         std::to_string(tag) + "; allowed are " + std::to_string(low) + " to " +
                                         std::to_string(high));
  }
  return values[0];
}

/// The value that all samples share.
std::uint64_t common_value(const Structure& structure, const Directory& directory, std::uint16_t tag,
                           std::uint64_t fallback, std::int64_t samples) {
  const Entry* entry = directory.find(tag);
  if (entry == nullptr) return fallback;
  const std::vector<std::uint64_t> values = structure.integers(*entry, static_cast<std::uint64_t>(samples));
  if (values.empty()) return fallback;
  if (std::any_of(values.begin(), values.end(), [&](std::uint64_t one) { return one != values[0]; })) {
    throw Error(ErrorKind::unsupported, at_directory(directory) + " has samples that differ in the tag " +
                                            std::to_string(tag) + "; ruska reads samples of one type");
  }
  return values[0];
}

DType dtype_of(const Directory& directory, std::uint64_t bits, std::uint64_t format) {
  struct Known {
    std::uint64_t format, bits;
    DType dtype;
  };
  constexpr Known known[] = {
      {1, 8, DType::uint8},    {1, 16, DType::uint16},  {1, 32, DType::uint32},    {1, 64, DType::uint64},
      {2, 8, DType::int8},     {2, 16, DType::int16},   {2, 32, DType::int32},     {2, 64, DType::int64},
      {3, 32, DType::float32}, {3, 64, DType::float64}, {4, 8, DType::uint8},      {4, 16, DType::uint16},
      {4, 32, DType::uint32},  {4, 64, DType::uint64},  {6, 64, DType::complex64}, {6, 128, DType::complex128},
  };
  for (const Known& one : known) {
    if (one.format == format && one.bits == bits) return one.dtype;
  }
  throw Error(ErrorKind::unsupported,
              at_directory(directory) + " has samples of " + std::to_string(bits) + " bits and format " +
                  std::to_string(format) +
                  "; ruska reads integers of 8, 16, 32, 64 bits and real or complex numbers of single or double "
                  "precision");
}

/// Strips that follow each other without a gap are one.
void merge_strips(Layout& layout, Page& page) {
  if (layout.compression != no_compression || layout.tiled || layout.separate) return;
  for (std::size_t i = 0; i + 1 < page.chunks.size(); ++i) {
    if (page.chunks[i].offset + page.chunks[i].bytes != page.chunks[i + 1].offset) return;
  }
  std::int64_t bytes = 0;
  for (const Chunk& chunk : page.chunks) bytes += chunk.bytes;
  layout.chunk_height = layout.height;
  page.chunks = {{page.chunks.front().offset, bytes}};
  page.chunks.shrink_to_fit();
}

class PageStack final : public Source {
 public:
  PageStack(const Structure& structure, const Layout& layout, std::vector<Page> pages, Description description)
      : file_(structure.file()),
        layout_(layout),
        pages_(std::move(pages)),
        description_(std::move(description)),
        swapped_(structure.big_endian() != (std::endian::native == std::endian::big)) {
    description_.validate();
    const Shape shape = description_.shape();
    after_ = layout_.colour ? 1 : 0;
    before_ = !layout_.colour && layout_.samples > 1 ? 1 : 0;
    const std::size_t inner = before_ + 2 + after_;
    flat_ = layout_.height == 1 && before_ == 0 && shape.size() == inner - 1;
    outer_ = flat_ ? 0 : shape.size() - std::min(inner, shape.size());
    Shape expected(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(outer_));
    const bool pages_fit = count(expected) == static_cast<std::int64_t>(pages_.size());
    if (before_) expected.push_back(layout_.samples);
    if (!flat_) expected.push_back(layout_.height);
    expected.push_back(layout_.width);
    if (after_) expected.push_back(layout_.samples);
    if (!pages_fit || shape != expected) {
      throw Error(ErrorKind::bad_data, "the shape " + to_string(shape) + " does not fit " +
                                           std::to_string(pages_.size()) + " TIFF pages of " +
                                           std::to_string(layout_.height) + " x " + std::to_string(layout_.width) +
                                           " pixels");
    }
  }

  const Description& describe() const override { return description_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const auto item = static_cast<std::int64_t>(size_of(layout_.dtype));
    Box box;
    std::size_t axis = outer_;
    const auto take = [&](std::int64_t& begin, std::int64_t& end) {
      begin = region.start[axis];
      end = begin + region.shape[axis];
      ++axis;
    };
    box.sample_end = box.row_end = 1;
    if (before_) take(box.sample_begin, box.sample_end);
    if (!flat_) take(box.row_begin, box.row_end);
    take(box.column_begin, box.column_end);
    if (after_) take(box.sample_begin, box.sample_end);
    const std::int64_t samples = box.sample_end - box.sample_begin;
    const std::int64_t columns = box.column_end - box.column_begin, rows = box.row_end - box.row_begin;
    box.column_stride = after_ ? samples * item : item;
    box.row_stride = columns * box.column_stride;
    box.sample_stride = after_ ? item : rows * box.row_stride;

    const std::int64_t page_bytes = samples * rows * columns * item;
    std::optional<Codec> codec;
    if (layout_.compression != no_compression) codec.emplace(file_);
    std::vector<std::byte> buffer;
    Shape index(outer_, 0);
    for (std::byte* at = out.data(); at != out.data() + out.size(); at += page_bytes) {
      std::int64_t number = 0;
      for (std::size_t i = 0; i < outer_; ++i) {
        number = number * description_.axes[i].size + region.start[i] + index[i];
      }
      read_page(pages_[static_cast<std::size_t>(number)], box, at, codec ? &*codec : nullptr, buffer);
      for (std::size_t i = outer_; i-- > 0;) {
        if (++index[i] < region.shape[i]) break;
        index[i] = 0;
      }
    }
    if (swapped_ && !codec) swap_bytes(out, layout_.dtype);
  }

 private:
  /// What is wanted of a page, and how the output steps in bytes.
  struct Box {
    std::int64_t sample_begin = 0, sample_end = 0, row_begin = 0, row_end = 0, column_begin = 0, column_end = 0;
    std::int64_t sample_stride = 0, row_stride = 0, column_stride = 0;
  };

  void read_page(const Page& page, const Box& box, std::byte* out, Codec* codec, std::vector<std::byte>& buffer) const {
    const std::int64_t planes_begin = layout_.separate ? box.sample_begin : 0;
    const std::int64_t planes_end = layout_.separate ? box.sample_end : 1;
    const std::int64_t across = layout_.chunks_across(), down = layout_.chunks_down();
    for (std::int64_t plane = planes_begin; plane < planes_end; ++plane) {
      Box part = box;
      std::byte* start = out;
      if (layout_.separate) {
        start += (plane - box.sample_begin) * box.sample_stride;
        part.sample_begin = 0;
        part.sample_end = 1;
      }
      for (std::int64_t y = box.row_begin / layout_.chunk_height; y * layout_.chunk_height < box.row_end; ++y) {
        for (std::int64_t x = box.column_begin / layout_.chunk_width; x * layout_.chunk_width < box.column_end; ++x) {
          Box inner = part;
          inner.row_begin = std::max(part.row_begin, y * layout_.chunk_height);
          inner.row_end = std::min(part.row_end, (y + 1) * layout_.chunk_height);
          inner.column_begin = std::max(part.column_begin, x * layout_.chunk_width);
          inner.column_end = std::min(part.column_end, (x + 1) * layout_.chunk_width);
          std::byte* to = start + (inner.row_begin - box.row_begin) * box.row_stride +
                          (inner.column_begin - box.column_begin) * box.column_stride;
          inner.row_begin -= y * layout_.chunk_height;
          inner.row_end -= y * layout_.chunk_height;
          inner.column_begin -= x * layout_.chunk_width;
          inner.column_end -= x * layout_.chunk_width;
          const std::int64_t chunk = (plane * down + y) * across + x;
          if (codec != nullptr) {
            decode_chunk(page, chunk, y, inner, to, *codec, buffer);
          } else {
            read_chunk(page, chunk, inner, to, buffer);
          }
        }
      }
    }
  }

  void decode_chunk(const Page& page, std::int64_t chunk, std::int64_t y, const Box& box, std::byte* out, Codec& codec,
                    std::vector<std::byte>& buffer) const {
    // The last strip holds no more rows than the image has; tiles are always whole.
    const std::int64_t rows = layout_.tiled ? layout_.chunk_height
                                            : std::min(layout_.chunk_height, layout_.height - y * layout_.chunk_height);
    buffer.resize(static_cast<std::size_t>(rows * layout_.chunk_row_bytes()));
    codec.decode(layout_, page, chunk, buffer);
    const std::int64_t row_bytes = layout_.chunk_row_bytes();
    for (std::int64_t row = box.row_begin; row < box.row_end; ++row) {
      copy_row(buffer.data() + row * row_bytes + pixel_bytes() * box.column_begin, box,
               out + (row - box.row_begin) * box.row_stride);
    }
  }

  void read_chunk(const Page& page, std::int64_t chunk, const Box& box, std::byte* out,
                  std::vector<std::byte>& buffer) const {
    const std::int64_t row_bytes = layout_.chunk_row_bytes();
    const std::int64_t start = page.chunks[static_cast<std::size_t>(chunk)].offset + pixel_bytes() * box.column_begin;
    const std::int64_t wanted = pixel_bytes() * (box.column_end - box.column_begin);
    const std::int64_t together =
        row_bytes - wanted > shortest_jump ? 1 : std::max<std::int64_t>(1, largest_block / row_bytes);
    for (std::int64_t row = box.row_begin; row < box.row_end; row += together) {
      const std::int64_t now = std::min(together, box.row_end - row);
      buffer.resize(static_cast<std::size_t>((now - 1) * row_bytes + wanted));
      file_->read(start + row * row_bytes, buffer);
      for (std::int64_t i = 0; i < now; ++i) {
        copy_row(buffer.data() + i * row_bytes, box, out + (row - box.row_begin + i) * box.row_stride);
      }
    }
  }

  /// Pixels of one line, from `in`, where the first wanted pixel lies, to `out`.
  void copy_row(const std::byte* in, const Box& box, std::byte* out) const {
    const std::int64_t columns = box.column_end - box.column_begin;
    const auto item = static_cast<std::int64_t>(size_of(layout_.dtype));
    const std::int64_t samples = layout_.chunk_samples();
    const bool all = box.sample_begin == 0 && box.sample_end == samples;
    if (all && box.column_stride == samples * item && (samples == 1 || box.sample_stride == item)) {
      std::memcpy(out, in, static_cast<std::size_t>(columns * samples * item));
      return;
    }
    for (std::int64_t column = 0; column < columns; ++column) {
      for (std::int64_t sample = box.sample_begin; sample < box.sample_end; ++sample) {
        std::memcpy(out + column * box.column_stride + (sample - box.sample_begin) * box.sample_stride,
                    in + (column * samples + sample) * item, static_cast<std::size_t>(item));
      }
    }
  }

  std::int64_t pixel_bytes() const {
    return layout_.chunk_samples() * static_cast<std::int64_t>(size_of(layout_.dtype));
  }

  std::shared_ptr<const RandomAccessFile> file_;
  Layout layout_;
  std::vector<Page> pages_;
  Description description_;
  bool swapped_;
  bool flat_ = false;
  std::size_t outer_ = 0, before_ = 0, after_ = 0;
};

}  // namespace

std::pair<Layout, Page> page_of(const Structure& structure, const Directory& directory) {
  constexpr std::uint64_t longest = std::numeric_limits<std::int32_t>::max();
  Layout layout;
  const auto number = [&](std::uint16_t tag, std::optional<std::uint64_t> fallback, std::uint64_t low,
                          std::uint64_t high) { return number_of(structure, directory, tag, fallback, low, high); };
  layout.width = static_cast<std::int64_t>(number(image_width, std::nullopt, 1, longest));
  layout.height = static_cast<std::int64_t>(number(image_length, std::nullopt, 1, longest));
  layout.samples = static_cast<std::int64_t>(number(samples_per_pixel, 1, 1, 65535));
  layout.compression = number(compression, no_compression, 0, 65535);
  layout.separate = number(planar_configuration, 1, 1, 2) == 2 && layout.samples > 1;
  const std::uint64_t photometric = number(photometric_interpretation, 1, 0, 65535);
  layout.dtype = dtype_of(directory, common_value(structure, directory, bits_per_sample, 1, layout.samples),
                          common_value(structure, directory, sample_format, 1, layout.samples));
  if (layout.compression != no_compression && !can_decode(layout.compression)) {
    throw Error(ErrorKind::unsupported, at_directory(directory) + " has the compression " +
                                            std::to_string(layout.compression) +
                                            "; ruska reads none (1), LZW (5), JPEG (7), Deflate (8, 32946), PackBits "
                                            "(32773) and, where libtiff has them, LZMA (34925) and Zstandard (50000)");
  }
  const bool decoded_to_rgb = photometric == ycbcr && layout.compression == jpeg && !layout.separate;
  if (photometric == ycbcr && !decoded_to_rgb) {
    throw Error(ErrorKind::unsupported, at_directory(directory) + " holds YCbCr colours without JPEG compression");
  }
  layout.colour = (photometric == rgb || decoded_to_rgb) && (layout.samples == 3 || layout.samples == 4);
  if (number(fill_order, 1, 1, 2) == 2 && layout.compression == no_compression) {
    throw Error(ErrorKind::unsupported, at_directory(directory) + " stores the bits of its bytes in reverse order");
  }
  const bool swaps_halves = is_complex(layout.dtype) && layout.compression != no_compression;
  if (swaps_halves) {
    throw Error(ErrorKind::unsupported, at_directory(directory) + " holds compressed complex numbers");
  }

  layout.tiled = directory.find(tile_offsets) != nullptr;
  if (layout.tiled) {
    layout.chunk_width = static_cast<std::int64_t>(number(tile_width, std::nullopt, 1, longest));
    layout.chunk_height = static_cast<std::int64_t>(number(tile_length, std::nullopt, 1, longest));
  } else {
    layout.chunk_width = layout.width;
    const std::uint64_t rows =
        number(rows_per_strip, std::numeric_limits<std::uint32_t>::max(), 1, std::numeric_limits<std::uint32_t>::max());
    layout.chunk_height = std::min(layout.height, static_cast<std::int64_t>(rows));
  }
  std::int64_t row_bytes = 0, chunk_bytes = 0;
  const auto item = static_cast<std::int64_t>(size_of(layout.dtype));
  if (__builtin_mul_overflow(layout.chunk_width, layout.chunk_samples() * item, &row_bytes) ||
      __builtin_mul_overflow(row_bytes, layout.chunk_height, &chunk_bytes)) {
    throw Error(ErrorKind::bad_data, at_directory(directory) + " has strips or tiles of more than 2^63 bytes");
  }

  const Entry* places = directory.find(layout.tiled ? tile_offsets : strip_offsets);
  if (places == nullptr) {
    throw Error(ErrorKind::bad_data, at_directory(directory) + " does not say where its pixels lie");
  }
  const auto file_size = static_cast<std::uint64_t>(structure.file()->size());
  const std::vector<std::uint64_t> offsets = structure.integers(*places, file_size);
  const auto plane_chunks = static_cast<std::uint64_t>(layout.chunks_across() * layout.chunks_down());
  const auto planes = static_cast<std::uint64_t>(layout.separate ? layout.samples : 1);
  if (offsets.size() / planes < plane_chunks) {
    throw Error(ErrorKind::bad_data, at_directory(directory) + " has the places of " + std::to_string(offsets.size()) +
                                         " strips or tiles; its size needs " + std::to_string(planes) + " x " +
                                         std::to_string(plane_chunks));
  }
  const std::uint64_t chunks = planes * plane_chunks;
  std::vector<std::uint64_t> counts;
  if (layout.compression != no_compression) {
    const Entry* sizes = directory.find(layout.tiled ? tile_byte_counts : strip_byte_counts);
    if (sizes != nullptr) counts = structure.integers(*sizes, file_size);
    if (counts.size() < chunks) {
      throw Error(ErrorKind::bad_data, at_directory(directory) + " has the sizes of " + std::to_string(counts.size()) +
                                           " strips or tiles; its size needs " + std::to_string(chunks));
    }
  }
  Page page;
  page.directory = directory.place;
  for (std::uint64_t i = 0; i < chunks; ++i) {
    std::int64_t stored = 0;
    if (layout.compression == no_compression) {
      const auto y = static_cast<std::int64_t>(i) / layout.chunks_across() % layout.chunks_down();
      stored = layout.tiled ? chunk_bytes
                            : row_bytes * std::min(layout.chunk_height, layout.height - y * layout.chunk_height);
    } else {
      stored = static_cast<std::int64_t>(std::min(counts[i], file_size + 1));
      if (chunk_bytes > largest_chunk || chunk_bytes / largest_ratio > stored) {
        throw Error(ErrorKind::bad_data, at_directory(directory) + " has a strip or tile of " + std::to_string(stored) +
                                             " bytes that should become " + std::to_string(chunk_bytes) +
                                             "; at most 2^30 and 65536 times as many are plausible");
      }
    }
    if (offsets[i] > file_size || static_cast<std::uint64_t>(stored) > file_size - offsets[i]) {
      throw Error(ErrorKind::bad_data, at_directory(directory) + " has a strip or tile of " + std::to_string(stored) +
                                           " bytes at byte " + std::to_string(offsets[i]) + ", but the file has " +
                                           std::to_string(file_size) + " bytes; it is cut short or damaged");
    }
    page.chunks.push_back({static_cast<std::int64_t>(offsets[i]), stored});
  }
  merge_strips(layout, page);
  return {layout, std::move(page)};
}

std::shared_ptr<const Source> page_stack(const Structure& structure, const Layout& layout, std::vector<Page> pages,
                                         Description description) {
  return std::make_shared<PageStack>(structure, layout, std::move(pages), std::move(description));
}

}  // namespace ruska::io::tiff
