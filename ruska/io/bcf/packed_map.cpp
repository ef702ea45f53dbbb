// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/bcf/packed_map.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <tbb/collaborative_call_once.h>
#include <tbb/task_arena.h>

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
    const auto left_to_right = [](const Pixel& a, const Pixel& b) { return a.x < b.x; };
    if (!std::is_sorted(first, index.pixels.end(), left_to_right)) {
      std::sort(first, index.pixels.end(), left_to_right);
    }
    const auto twice =
        std::adjacent_find(first, index.pixels.end(), [](const Pixel& a, const Pixel& b) { return a.x == b.x; });
    if (twice != index.pixels.end()) {
      damaged("line " + std::to_string(y) + " has column " + std::to_string(twice->x) + " twice");
    }
    index.line_start.push_back(index.pixels.size());
  }
  return index;
}

/// Sparse counts in the making. Rows go through a small buffer, so that `out` grows in few steps and to about the size
/// that it comes to have.
class CountsWriter {
 public:
  /// `bytes` are those of all pixels that will come.
  CountsWriter(SparseCounts& out, std::int64_t bytes) : out_(out), bytes_(bytes) {}

  /// Room for a row of at most `count` channels; `add_row` tells how many it got.
  void open_row(std::size_t count) {
    if (at_ + count <= channel_.size()) return;
    if (at_ > 0) flush();
    if (count > channel_.size()) {
      channel_.resize(std::max(count, buffered_counts));
      value_.resize(channel_.size());
    }
  }
  std::uint32_t* channel() { return channel_.data() + at_; }
  std::uint32_t* value() { return value_.data() + at_; }
  /// Ends the row of a pixel that took so many bytes.
  void add_row(std::size_t count, std::size_t bytes) {
    at_ += count;
    done_ += static_cast<std::int64_t>(bytes);
  }
  std::int64_t nonzeros() const { return out_.nonzeros() + static_cast<std::int64_t>(at_); }

  void flush() {
    const std::size_t before = out_.channel.size();
    if (before + at_ > out_.channel.capacity()) {
      // What is still to come as dense as what was.
      const double all = static_cast<double>(before + at_) * static_cast<double>(bytes_) / static_cast<double>(done_);
      const auto wanted = done_ < bytes_ ? static_cast<std::size_t>(1.02 * all) : before + at_;
      out_.channel.reserve(wanted);
      out_.value.reserve(wanted);
    }
    const auto end = static_cast<std::ptrdiff_t>(at_);
    out_.channel.insert(out_.channel.end(), channel_.begin(), channel_.begin() + end);
    out_.value.insert(out_.value.end(), value_.begin(), value_.begin() + end);
    at_ = 0;
  }

 private:
  static constexpr std::size_t buffered_counts = std::size_t{1} << 14;
  SparseCounts& out_;
  std::int64_t bytes_, done_ = 0;
  std::vector<std::uint32_t> channel_, value_;
  std::size_t at_ = 0;
};

/// Unpacks pixels one after the other onto the end of `counts`.
class Unpacker {
 public:
  Unpacker(std::int64_t channels, CountsWriter& counts)
      : channels_(static_cast<std::size_t>(channels)), spectrum_(std::max(channels, all_of_12_bits)), out_(counts) {}

  void add(Bytes pixel) {
    const unsigned packing = load<std::uint16_t>(pixel, 12);
    const unsigned pulses = load<std::uint16_t>(pixel, 16);
    const auto size = static_cast<std::size_t>(load<std::uint32_t>(pixel, 18));
    const Bytes data = pixel.subspan(pixel_header, size);
    out_.open_row(channels_);
    std::size_t count = 0;
    if (packing == 0) {
      if (size % 2 != 0) damaged("16-bit pulses of an odd number of bytes");
      add_pulses_16(data);
      count = end_spectrum();
    } else if (packing == 1) {
      add_pulses_12(data, pulses);
      count = end_spectrum();
    } else {
      count = write_runs(data.first(size - 4));
      if (pulses > 0) {
        const Bytes additional = pixel.subspan(pixel_header + size);
        if (additional.size() < 2 * std::size_t{pulses}) damaged("fewer additional pulses than announced");
        for (std::size_t i = 0; i < count; ++i) add_count(out_.channel()[i], out_.value()[i]);
        for (unsigned i = 0; i < pulses; ++i) add_count(load<std::uint16_t>(additional, 2 * std::size_t{i}), 1);
        count = end_spectrum();
      }
    }
    out_.add_row(count, pixel.size());
  }

 private:
  static constexpr std::int64_t all_of_12_bits = 4096;

  /// Writes the channels that pulses were counted in, rising, as a row; returns how many they are.
  std::size_t end_spectrum() {
    const std::size_t count = spectrum_.filled();
    spectrum_.move_to(out_.channel(), out_.value());
    return count;
  }

  void add_pulses_16(Bytes data) {
    for (std::size_t i = 0; i < data.size(); i += 2) add_count(load<std::uint16_t>(data, i), 1);
  }

  void add_pulses_12(Bytes data, std::size_t count) {
    const std::size_t words = (count * 12 + 15) / 16;
    if (2 * words > data.size()) {
      damaged(std::to_string(count) + " pulses of 12 bits in " + std::to_string(data.size()) + " bytes");
    }
    // The bits of three words are those of four pulses.
    unsigned highest = 0;
    const auto add = [&](unsigned channel) {
      highest = std::max(highest, channel);
      spectrum_.add_one(channel);
    };
    std::size_t pulse = 0, at = 0;
    for (; pulse + 4 <= count; pulse += 4, at += 6) {
      const std::uint64_t bits = std::uint64_t{load<std::uint16_t>(data, at)} << 32 |
                                 std::uint64_t{load<std::uint16_t>(data, at + 2)} << 16 |
                                 std::uint64_t{load<std::uint16_t>(data, at + 4)};
      add(bits >> 36 & 0xfff);
      add(bits >> 24 & 0xfff);
      add(bits >> 12 & 0xfff);
      add(bits & 0xfff);
    }
    std::uint64_t bits = 0;
    for (unsigned have = 0; pulse < count; ++pulse) {
      if (have < 12) {
        bits = bits << 16 | load<std::uint16_t>(data, at);
        at += 2;
        have += 16;
      }
      have -= 12;
      add(bits >> have & 0xfff);
    }
    if (highest >= channels_) outside(highest);
  }

  /// Writes the channels of the runs, which rise by themselves, as a row; returns how many hold counts.
  std::size_t write_runs(Bytes data) {
    std::size_t channel = 0, count = 0;
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
            count =
                write_values(count, channel, channels, after_base, std::uint64_t{load<std::uint8_t>(data)}, nibble_at);
            break;
          case 2:
            count = write_values(count, channel, channels, after_base, std::uint64_t{load<std::uint16_t>(data)},
                                 number_at<std::uint8_t>);
            break;
          case 4:
            count = write_values(count, channel, channels, after_base, std::uint64_t{load<std::uint32_t>(data)},
                                 number_at<std::uint16_t>);
            break;
          default:
            count =
                write_values(count, channel, channels, after_base, load<std::uint64_t>(data), number_at<std::uint32_t>);
            break;
        }
        data = after_base.subspan(values);
      }
      channel += channels;
    }
    return count;
  }

  static std::uint64_t nibble_at(Bytes values, std::size_t i) {
    return std::to_integer<std::uint64_t>(values[i / 2]) >> (4 * (i % 2)) & 0xf;
  }
  template <class T>
  static std::uint64_t number_at(Bytes values, std::size_t i) {
    return load<T>(values, i * sizeof(T));
  }

  /// Writes the counts of `channels` channels from `first` on, a base and what `value_at` finds in `values`, behind the
  /// `count` that the row has; returns how many it has then.
  template <class ValueAt>
  std::size_t write_values(std::size_t count, std::size_t first, std::size_t channels, Bytes values, std::uint64_t base,
                           const ValueAt& value_at) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    const std::size_t inside = first < channels_ ? std::min(channels, channels_ - first) : 0;
    std::uint32_t *const channel = out_.channel(), *const counts = out_.value();
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < inside; ++i) {
      std::uint64_t value = 0;
      if (__builtin_add_overflow(base, value_at(values, i), &value)) damaged("a count above 2^64");
      channel[count] = static_cast<std::uint32_t>(first + i);
      counts[count] = static_cast<std::uint32_t>(value);
      count += value != 0;
      largest = std::max(largest, value);
    }
    for (std::size_t i = inside; i < channels; ++i) {
      if (base != 0 || value_at(values, i) != 0) outside(first + i);
    }
    if (largest > most) damaged("a count of more than 2^32 in a channel from " + std::to_string(first) + " on");
    return count;
  }

  [[noreturn]] void outside(std::size_t channel) const {
    damaged("counts in channel " + std::to_string(channel) + " of " + std::to_string(channels_));
  }

  void add_count(std::size_t channel, std::uint32_t count) {
    if (channel >= channels_) outside(channel);
    if (!spectrum_.add(channel, count)) damaged("a count of more than 2^32 in channel " + std::to_string(channel));
  }

  std::size_t channels_;
  ChannelCounts spectrum_;
  CountsWriter& out_;
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
    // Calls `action(y, first, last)` for the pixels of each line that lie in the range.
    const auto for_each_line = [&](const auto& action) {
      for (std::int64_t row = begin; row < end;) {
        const std::int64_t y = row / width;
        const std::int64_t line_end = std::min(end, (y + 1) * width);
        const auto pixel = [&](std::size_t i) { return index.pixels.begin() + static_cast<std::ptrdiff_t>(i); };
        const auto by_column = [](const Pixel& one, std::int64_t x) { return one.x < x; };
        const auto last = pixel(index.line_start[static_cast<std::size_t>(y) + 1]);
        const auto from =
            std::lower_bound(pixel(index.line_start[static_cast<std::size_t>(y)]), last, row - y * width, by_column);
        action(y, from, std::lower_bound(from, last, line_end - y * width, by_column));
        row = line_end;
      }
    };
    std::int64_t all = 0;
    for_each_line([&](std::int64_t, auto pixel, auto last) {
      for (; pixel != last; ++pixel) all += pixel->length;
    });

    SparseCounts counts;
    counts.row_start.reserve(static_cast<std::size_t>(end - begin) + 1);
    CountsWriter writer(counts, all);
    Unpacker unpacker(description_.axes[2].size, writer);
    std::vector<std::byte> batch;
    std::int64_t row = begin;
    const auto close_rows_before = [&](std::int64_t next) {
      for (; row < next; ++row) counts.row_start.push_back(writer.nonzeros());
    };
    for_each_line([&](std::int64_t y, auto pixel, auto last) {
      while (pixel != last) {
        // Pixels that follow each other in the stream are fetched together.
        auto after = pixel;
        std::int64_t bytes = 0;
        do {
          bytes += after->length;
          ++after;
        } while (after != last && after->at == pixel->at + static_cast<std::uint64_t>(bytes) && bytes < largest_batch);
        batch.resize(static_cast<std::size_t>(bytes));
        // Isolated: a thread that waits here must not take up another range of the map in the midst of this one.
        tbb::this_task_arena::isolate([&] { stream_->read(static_cast<std::int64_t>(pixel->at), batch); });
        Bytes rest(batch);
        for (; pixel != after; ++pixel) {
          close_rows_before(y * width + pixel->x);
          unpacker.add(rest.first(pixel->length));
          rest = rest.subspan(pixel->length);
          close_rows_before(y * width + pixel->x + 1);
        }
      }
    });
    close_rows_before(end);
    writer.flush();
    return counts;
  }

 private:
  /// Threads that come while another one walks inflate what it will come to.
  const Index& index() const {
    tbb::collaborative_call_once(
        walked_, [this] { index_ = walk_through(*stream_, description_.axes[0].size, description_.axes[1].size); });
    return index_;
  }

  std::shared_ptr<const Stream> stream_;
  Description description_;
  mutable tbb::collaborative_once_flag walked_;
  mutable Index index_;
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
