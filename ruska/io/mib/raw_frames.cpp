// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/mib/raw_frames.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "ruska/base/error.hpp"
#include "ruska/io/block_of_thread.hpp"
#include "ruska/kernels/reversed_numbers.hpp"

namespace ruska::io::mib {

namespace {

/// Of the words that the values stand in.
constexpr std::size_t word_bytes = 8;

/// The bits of every byte as eight bytes, the lowest bit first.
constexpr auto bits_of_bytes = [] {
  std::array<std::array<std::byte, 8>, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    for (std::size_t bit = 0; bit < 8; ++bit) table[byte][bit] = static_cast<std::byte>(byte >> bit & 1);
  }
  return table;
}();

class RawFrames final : public Source {
 public:
  RawFrames(std::shared_ptr<const RandomAccessFile> file, Description description, RawLayout layout)
      : file_(std::move(file)), description_(std::move(description)), layout_(layout) {
    description_.validate();
    const std::int64_t frames = description_.navigation_size();
    const std::int64_t needed =
        layout_.offset + (frames - 1) * layout_.frame_bytes + layout_.lines * layout_.line_bytes;
    if (needed > file_->size()) {
      throw Error(ErrorKind::bad_data, "raw frames up to byte " + std::to_string(needed) + " in a file of " +
                                           std::to_string(file_->size()) + " bytes; it is cut short");
    }
  }

  const Description& describe() const override { return description_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const Shape shape = description_.shape();
    const std::size_t navigation = shape.size() - 2;
    const std::int64_t top = region.start[navigation], rows = region.shape[navigation];
    const std::int64_t left = region.start[navigation + 1], columns = region.shape[navigation + 1];
    const std::size_t item = size_of(description_.dtype);

    // The lines that the wanted rows lie in: rows of the lower chips have the lines of the upper ones mirrored.
    std::int64_t first = layout_.lines, last = -1;
    for (std::int64_t y = top; y < top + rows; ++y) {
      first = std::min(first, line_of(y));
      last = std::max(last, line_of(y));
    }
    const std::int64_t step = std::max<std::int64_t>(1, largest_block / layout_.line_bytes);
    const bool whole_lines = !layout_.four_chips && layout_.bits > 1 && columns == shape.back();
    std::vector<std::byte> row(static_cast<std::size_t>(shape.back()) * item);
    const std::size_t wanted = static_cast<std::size_t>(columns) * item;  // bytes of a row
    Shape index(region.start.begin(), region.start.begin() + static_cast<std::ptrdiff_t>(navigation));
    for (std::byte* image = out.data();; image += wanted * static_cast<std::size_t>(rows)) {
      std::int64_t frame = 0;
      for (std::size_t axis = 0; axis < navigation; ++axis) frame = frame * shape[axis] + index[axis];
      const auto place = [&](std::int64_t y, const std::byte* line) {
        if (y < top || y >= top + rows) return;
        std::byte* const to = image + static_cast<std::size_t>(y - top) * wanted;
        if (wanted == row.size()) return decode(y, line, {to, wanted});
        decode(y, line, row);
        std::memcpy(to, row.data() + static_cast<std::size_t>(left) * item, wanted);
      };
      for (std::int64_t begin = first; begin <= last; begin += step) {
        const std::int64_t end = std::min(begin + step, last + 1);
        std::byte* const to =
            whole_lines ? image + static_cast<std::size_t>(height() - 1 - begin - top) * wanted : image;
        std::byte* const lines = block_of_thread(to);
        file_->read(layout_.offset + frame * layout_.frame_bytes + begin * layout_.line_bytes,
                    {lines, static_cast<std::size_t>((end - begin) * layout_.line_bytes)});
        if (whole_lines) {
          kernels::reverse_numbers_of_rows(reinterpret_cast<const std::uint8_t*>(lines), layout_.line_bytes,
                                           static_cast<std::size_t>(end - begin), wanted, word_bytes,
                                           reinterpret_cast<std::uint8_t*>(to), -static_cast<std::ptrdiff_t>(wanted));
          continue;
        }
        for (std::int64_t line = begin; line < end; ++line) {
          const std::byte* const bytes = lines + (line - begin) * layout_.line_bytes;
          place(height() - 1 - line, bytes);
          if (layout_.four_chips) place(height() - 2 * layout_.lines + line, bytes);
        }
      }
      bool more = false;
      for (std::size_t axis = navigation; !more && axis-- > 0;) {
        more = ++index[axis] < region.start[axis] + region.shape[axis];
        if (!more) index[axis] = region.start[axis];
      }
      if (!more) return;
    }
  }

 private:
  std::int64_t height() const { return layout_.four_chips ? 2 * layout_.lines : layout_.lines; }
  /// Rows of the image count from the top, those of the detector from the other end.
  std::int64_t stored_row(std::int64_t y) const { return height() - 1 - y; }
  std::int64_t line_of(std::int64_t y) const {
    const std::int64_t r = stored_row(y);
    return r < layout_.lines ? r : 2 * layout_.lines - 1 - r;
  }

  void decode(std::int64_t y, const std::byte* line, std::span<std::byte> row) const {
    if (!layout_.four_chips) {
      unpack(line, layout_.line_bytes, row);
      return;
    }
    const std::int64_t chip = layout_.line_bytes / 4;
    const std::size_t half = row.size() / 2;
    const bool turned = stored_row(y) >= layout_.lines;
    unpack(line + (turned ? 1 : 3) * chip, chip, row.first(half));
    unpack(line + (turned ? 0 : 2) * chip, chip, row.subspan(half));
    if (!turned) return;
    reverse(row.first(half));
    reverse(row.subspan(half));
  }

  void unpack(const std::byte* in, std::int64_t bytes, std::span<std::byte> out) const {
    // Words with their bytes reversed hold values of 8 and 16 bits in the order of a little-endian machine.
    static_assert(std::endian::native == std::endian::little);
    if (layout_.bits > 1) {
      kernels::reverse_numbers(reinterpret_cast<const std::uint8_t*>(in), static_cast<std::size_t>(bytes), word_bytes,
                               reinterpret_cast<std::uint8_t*>(out.data()));
      return;
    }
    std::byte* to = out.data();
    for (const std::byte* end = in + bytes; in != end; in += 8) {
      for (std::size_t i = 8; i-- > 0; to += 8) {
        std::memcpy(to, bits_of_bytes[std::to_integer<std::size_t>(in[i])].data(), 8);
      }
    }
  }

  void reverse(std::span<std::byte> values) const {
    std::reverse(values.begin(), values.end());
    if (layout_.bits < 16) return;
    for (std::size_t i = 0; i < values.size(); i += 2) std::swap(values[i], values[i + 1]);
  }

  std::shared_ptr<const RandomAccessFile> file_;
  Description description_;
  RawLayout layout_;
};

}  // namespace

std::shared_ptr<const Source> raw_frames(std::shared_ptr<const RandomAccessFile> file, Description description,
                                         RawLayout layout) {
  return std::make_shared<RawFrames>(std::move(file), std::move(description), layout);
}

}  // namespace ruska::io::mib
