// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/bcf/packed_map.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <optional>

#include "ruska/io/channel_counts.hpp"
#include "ruska/io/little_endian.hpp"

namespace ruska::io::bcf {

namespace {

using Bytes = std::span<const std::byte>;

constexpr std::int64_t first_line_at = 0x1A0;
constexpr std::int64_t pixel_header = 22;
constexpr std::int64_t largest_batch = std::int64_t{1} << 20;

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::bad_data, "the packed map is damaged: " + what);
}

/// The stream seen through a window that moves forward.
class Walk {
 public:
  Walk(const Stream& stream, std::int64_t at) : stream_(stream), at_(at) {}

  std::int64_t at() const { return at_; }

  /// `count` bytes from `ahead` bytes further on; count is small.
  Bytes peek(std::int64_t ahead, std::int64_t count) {
    const std::int64_t from = at_ + ahead;
    if (from < start_ || from + count > start_ + static_cast<std::int64_t>(window_.size())) {
      if (from > stream_.size() || count > stream_.size() - from) {
        damaged("it ends at byte " + std::to_string(stream_.size()) + " within the pixel or line at byte " +
                std::to_string(at_));
      }
      window_.resize(static_cast<std::size_t>(std::min(largest_batch, stream_.size() - from)));
      stream_.read(from, window_);
      start_ = from;
    }
    return Bytes(window_).subspan(static_cast<std::size_t>(from - start_), static_cast<std::size_t>(count));
  }
  void skip(std::int64_t count) { at_ += count; }

 private:
  const Stream& stream_;
  std::int64_t at_;
  std::int64_t start_ = 0;
  std::vector<std::byte> window_;
};

struct Pixel {
  std::uint64_t at;
  std::uint32_t length;  ///< header included
  std::uint32_t x;
};

/// Where the pixels lie: those of line y are pixels[line_start[y]] to pixels[line_start[y + 1]], x rising.
struct Index {
  std::vector<std::size_t> line_start{0};
  std::vector<Pixel> pixels;
};

Index walk_through(const Stream& stream, std::int64_t height, std::int64_t width) {
  Index index;
  Walk walk(stream, first_line_at);
  for (std::int64_t y = 0; y < height; ++y) {
    const std::int64_t pixels = load<std::uint32_t>(walk.peek(0, 4));
    walk.skip(4);
    if (pixels > width) {
      damaged("line " + std::to_string(y) + " claims " + std::to_string(pixels) + " pixels of " +
              std::to_string(width));
    }
    for (std::int64_t i = 0; i < pixels; ++i) {
      const Bytes header = walk.peek(0, pixel_header);
      const std::uint32_t x = load<std::uint32_t>(header, 0);
      const unsigned packing = load<std::uint16_t>(header, 12);
      const unsigned pulses = load<std::uint16_t>(header, 16);
      const std::int64_t data = load<std::uint32_t>(header, 18);
      if (x >= width) damaged("line " + std::to_string(y) + " has a pixel at column " + std::to_string(x));
      std::int64_t length = pixel_header + data;
      if (packing > 1) {
        if (data < 4) damaged("a pixel of " + std::to_string(data) + " bytes at byte " + std::to_string(walk.at()));
        if (pulses > 0) length += load<std::uint32_t>(walk.peek(length - 4, 4));
      }
      if (length > stream.size() - walk.at() || length > std::numeric_limits<std::uint32_t>::max()) {
        damaged("a pixel of " + std::to_string(length) + " bytes at byte " + std::to_string(walk.at()) + " of " +
                std::to_string(stream.size()));
      }
      index.pixels.push_back({static_cast<std::uint64_t>(walk.at()), static_cast<std::uint32_t>(length), x});
      walk.skip(length);
    }
    const auto first = index.pixels.begin() + static_cast<std::ptrdiff_t>(index.line_start.back());
    std::sort(first, index.pixels.end(), [](const Pixel& a, const Pixel& b) { return a.x < b.x; });
    const auto twice =
        std::adjacent_find(first, index.pixels.end(), [](const Pixel& a, const Pixel& b) { return a.x == b.x; });
    if (twice != index.pixels.end()) {
      damaged("line " + std::to_string(y) + " has column " + std::to_string(twice->x) + " twice");
    }
    index.line_start.push_back(index.pixels.size());
  }
  return index;
}

/// Unpacks pixels one after the other onto the end of `counts`.
class Unpacker {
 public:
  Unpacker(std::int64_t channels, SparseCounts& counts) : spectrum_(channels), out_(counts) {}

  void add(Bytes pixel) {
    const unsigned packing = load<std::uint16_t>(pixel, 12);
    const unsigned pulses = load<std::uint16_t>(pixel, 16);
    const auto size = static_cast<std::size_t>(load<std::uint32_t>(pixel, 18));
    const Bytes data = pixel.subspan(pixel_header, size);
    if (packing == 0) {
      if (size % 2 != 0) damaged("16-bit pulses of an odd number of bytes");
      for (std::size_t i = 0; i < size / 2; ++i) add_count(load<std::uint16_t>(data, 2 * i), 1);
    } else if (packing == 1) {
      add_pulses_12(data, pulses);
    } else {
      add_runs(data.first(size - 4));
      const Bytes additional = pixel.subspan(pixel_header + size);
      if (additional.size() < 2 * std::size_t{pulses}) damaged("fewer additional pulses than announced");
      for (unsigned i = 0; i < pulses; ++i) add_count(load<std::uint16_t>(additional, 2 * std::size_t{i}), 1);
    }
    spectrum_.append_to(out_);
  }

 private:
  void add_pulses_12(Bytes data, std::size_t count) {
    const std::size_t words = (count * 12 + 15) / 16;
    if (2 * words > data.size()) {
      damaged(std::to_string(count) + " pulses of 12 bits in " + std::to_string(data.size()) + " bytes");
    }
    std::uint32_t bits = 0;
    unsigned have = 0;
    std::size_t word = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (have < 12) {
        bits = bits << 16 | load<std::uint16_t>(data, 2 * word++);
        have += 16;
      }
      have -= 12;
      add_count(bits >> have & 0xfff, 1);
    }
  }

  void add_runs(Bytes data) {
    std::size_t channel = 0;
    while (!data.empty()) {
      if (data.size() < 2) damaged("a run of channels is cut off");
      const auto width = static_cast<std::size_t>(data[0]);  // in nibbles
      const auto channels = static_cast<std::size_t>(data[1]);
      data = data.subspan(2);
      if (width != 0) {
        if (width != 1 && width != 2 && width != 4 && width != 8) {
          damaged("values of " + std::to_string(width) + " nibbles");
        }
        const std::size_t values = (channels * width + 1) / 2;
        if (data.size() < width + values) damaged("a run of channels is cut off");
        // The base value has twice the nibbles of the others: as many bytes as they have nibbles.
        const Bytes after_base = data.subspan(width);
        switch (width) {
          case 1:
            add_values(channel, channels, after_base, std::uint64_t{load<std::uint8_t>(data, 0)}, nibble_at);
            break;
          case 2:
            add_values(channel, channels, after_base, std::uint64_t{load<std::uint16_t>(data, 0)},
                       number_at<std::uint8_t>);
            break;
          case 4:
            add_values(channel, channels, after_base, std::uint64_t{load<std::uint32_t>(data, 0)},
                       number_at<std::uint16_t>);
            break;
          default:
            add_values(channel, channels, after_base, load<std::uint64_t>(data, 0), number_at<std::uint32_t>);
            break;
        }
        data = after_base.subspan(values);
      }
      channel += channels;
    }
  }

  static std::uint64_t nibble_at(Bytes values, std::size_t i) {
    return std::to_integer<std::uint64_t>(values[i / 2]) >> (4 * (i % 2)) & 0xf;
  }
  template <class T>
  static std::uint64_t number_at(Bytes values, std::size_t i) {
    return load<T>(values, i * sizeof(T));
  }

  /// The counts of `channels` channels from `first` on: a base and what `value_at` finds in `values`.
  template <class ValueAt>
  void add_values(std::size_t first, std::size_t channels, Bytes values, std::uint64_t base, const ValueAt& value_at) {
    for (std::size_t i = 0; i < channels; ++i) {
      const std::uint64_t value = value_at(values, i);
      std::uint64_t count = 0;
      if (__builtin_add_overflow(base, value, &count)) damaged("a count above 2^64");
      if (count > 0) add_count(first + i, count);
    }
  }

  void add_count(std::size_t channel, std::uint64_t count) {
    if (channel >= spectrum_.channels()) {
      damaged("counts in channel " + std::to_string(channel) + " of " + std::to_string(spectrum_.channels()));
    }
    if (count > std::numeric_limits<std::uint32_t>::max() ||
        !spectrum_.add(channel, static_cast<std::uint32_t>(count))) {
      damaged("a count of more than 2^32 in channel " + std::to_string(channel));
    }
  }

  ChannelCounts spectrum_;
  SparseCounts& out_;
};

class PackedMap final : public Source {
 public:
  PackedMap(std::shared_ptr<const Stream> stream, Description description)
      : stream_(std::move(stream)), description_(std::move(description)) {
    description_.sparse = true;
    description_.validate();
  }

  const Description& describe() const override { return description_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    const std::uint64_t largest = visit_dtype(description_.dtype, []<class T>() -> std::uint64_t {
      if constexpr (std::is_integral_v<T>)
        return static_cast<std::uint64_t>(std::numeric_limits<T>::max());
      else
        return 0;
    });
    fill_from_counts(description_, region, out, [&](std::int64_t begin, std::int64_t end) {
      SparseCounts counts = read_counts(begin, end);
      for (const std::uint32_t value : counts.value) {
        if (value > largest) {
          throw Error(ErrorKind::unsupported,
                      "a channel holds " + std::to_string(value) + " counts, more than the dtype " +
                          std::string(name_of(description_.dtype)) +
                          " that the map's sum spectrum suggests; only the sparse counts can be read");
        }
      }
      return counts;
    });
  }

  std::int64_t buffered() const override {
    const std::int64_t index = description_.navigation_size() * static_cast<std::int64_t>(sizeof(Pixel));
    return std::min(index, stream_->size()) + stream_->buffered();
  }

  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    const std::int64_t width = description_.axes[1].size;
    if (begin < 0 || begin > end || end > description_.axes[0].size * width) {
      throw Error(ErrorKind::invalid_argument, "positions " + std::to_string(begin) + " to " + std::to_string(end) +
                                                   " of a map with " +
                                                   std::to_string(description_.axes[0].size * width));
    }
    const Index& index = this->index();
    SparseCounts counts;
    counts.row_start.reserve(static_cast<std::size_t>(end - begin) + 1);
    Unpacker unpacker(description_.axes[2].size, counts);
    std::vector<std::byte> batch;
    std::int64_t row = begin;
    const auto close_rows_before = [&](std::int64_t next) {
      for (; row < next; ++row) counts.row_start.push_back(counts.nonzeros());
    };
    while (row < end) {
      const std::int64_t y = row / width;
      const std::int64_t line_end = std::min(end, (y + 1) * width);
      const auto line = [&](std::size_t i) { return index.pixels.begin() + static_cast<std::ptrdiff_t>(i); };
      const auto by_column = [](const Pixel& pixel, std::int64_t x) { return pixel.x < x; };
      const auto line_first = line(index.line_start[static_cast<std::size_t>(y)]);
      const auto line_last = line(index.line_start[static_cast<std::size_t>(y) + 1]);
      auto pixel = std::lower_bound(line_first, line_last, row - y * width, by_column);
      const auto last = std::lower_bound(pixel, line_last, line_end - y * width, by_column);
      while (pixel != last) {
        // Pixels that follow each other in the stream are fetched together.
        auto after = pixel;
        std::int64_t bytes = 0;
        do {
          bytes += after->length;
          ++after;
        } while (after != last && after->at == pixel->at + static_cast<std::uint64_t>(bytes) && bytes < largest_batch);
        batch.resize(static_cast<std::size_t>(bytes));
        stream_->read(static_cast<std::int64_t>(pixel->at), batch);
        Bytes rest(batch);
        for (; pixel != after; ++pixel) {
          close_rows_before(y * width + pixel->x);
          unpacker.add(rest.first(pixel->length));
          rest = rest.subspan(pixel->length);
          close_rows_before(y * width + pixel->x + 1);
        }
      }
      close_rows_before(line_end);
    }
    return counts;
  }

 private:
  const Index& index() const {
    const std::lock_guard lock(mutex_);
    if (!index_) index_ = walk_through(*stream_, description_.axes[0].size, description_.axes[1].size);
    return *index_;
  }

  std::shared_ptr<const Stream> stream_;
  Description description_;
  mutable std::mutex mutex_;
  mutable std::optional<Index> index_;
};

}  // namespace

Shape map_shape(const Stream& stream) {
  std::array<std::byte, 8> head{};
  stream.read(0, head);
  const std::int64_t height = load<std::uint32_t>(head, 0);
  const std::int64_t width = load<std::uint32_t>(head, 4);
  constexpr std::int64_t longest = std::int64_t{1} << 20;
  // Every line has at least its number of pixels.
  if (height < 1 || width < 1 || width > longest || height > longest || height > (stream.size() - first_line_at) / 4) {
    damaged("it claims " + std::to_string(height) + " lines of " + std::to_string(width) + " pixels in " +
            std::to_string(stream.size()) + " bytes");
  }
  return {height, width};
}

std::shared_ptr<const Source> packed_map(std::shared_ptr<const Stream> stream, Description description) {
  return std::make_shared<PackedMap>(std::move(stream), std::move(description));
}

}  // namespace ruska::io::bcf
