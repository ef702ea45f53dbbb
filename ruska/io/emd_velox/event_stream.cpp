// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/emd_velox/event_stream.hpp"

#include <algorithm>

#include <tbb/parallel_for.h>

#include "ruska/io/event_counts.hpp"

namespace ruska::io::velox {
namespace {

constexpr std::uint16_t next_pixel = 65535;
constexpr std::int64_t best_deflate_ratio = 1032;
constexpr std::int64_t piece_words = std::int64_t{1} << 20;
constexpr std::size_t counted_words = 1024;

std::int64_t words_of(const hdf5::Array& stream) { return count(stream.shape()); }

/// The words [begin, end) of a stream, which is a column.
std::vector<std::uint16_t> words(const hdf5::Array& stream, std::int64_t begin, std::int64_t end) {
  Region region{Shape(stream.shape().size(), 0), Shape(stream.shape().size(), 1)};
  region.start[0] = begin;
  region.shape[0] = end - begin;
  std::vector<std::uint16_t> out(static_cast<std::size_t>(end - begin));
  stream.read(region, std::as_writable_bytes(std::span(out)));
  return out;
}

/// Walks along a run of words, pixel by pixel.
class Run {
 public:
  Run(const Run&) = delete;
  Run(Run&&) noexcept = default;
  explicit Run(std::vector<std::uint16_t> words)
      : words_(std::move(words)), at_(words_.data()), end_(at_ + words_.size()) {}

  void skip_pixels(std::int64_t count) {
    for (; count > 0; --count) {
      at_ = std::find(at_, end_, next_pixel);
      if (at_ != end_) ++at_;
    }
  }
  /// Calls `event(channel)` for the events of the pixel here and goes on to the next one.
  template <class Event>
  void take_pixel(const Event& event) {
    while (at_ != end_) {
      const std::uint16_t word = *at_++;
      if (word == next_pixel) return;
      event(word);
    }
  }

 private:
  std::vector<std::uint16_t> words_;
  const std::uint16_t *at_, *end_;
};

}  // namespace

EventStreamSource::EventStreamSource(Description description, std::vector<hdf5::Array> streams, std::int64_t frames)
    : description_(std::move(description)), streams_(std::move(streams)), frames_(frames) {
  std::int64_t most = 0;
  for (const hdf5::Array& stream : streams_) {
    const Shape& shape = stream.shape();
    if (shape.empty() || count(shape) != shape[0] || stream.element().dtype != DType::uint16) {
      stream.fail(ErrorKind::unsupported, "a stream of " + std::string(name_of(stream.element().dtype)) + " of shape " +
                                              to_string(shape) + "; columns of uint16 are supported");
    }
    if (shape[0] / best_deflate_ratio > stream.file_size()) {
      stream.fail(ErrorKind::bad_data, std::to_string(shape[0]) + " words cannot come from a file of " +
                                           std::to_string(stream.file_size()) + " bytes");
    }
    most = std::max(most, shape[0]);
  }
  description_.sparse = true;
  description_.validate();
  // Every pixel costs one word, also an empty one; a raster far beyond that is not what was scanned. (An acquisition
  // that was stopped in its first frame has fewer.)
  const std::int64_t pixels = description_.navigation_size();
  if (streams_.empty() || pixels < 1 || pixels / 16 > most + 4096) {
    throw Error(ErrorKind::bad_data, "'" + description_.title + "': a raster of " +
                                         to_string(description_.navigation_shape()) + " pixels, but only " +
                                         std::to_string(most) + " words of events");
  }
}

std::vector<std::int64_t> EventStreamSource::scan(const hdf5::Array& stream) const {
  const std::int64_t width = description_.navigation_shape()[1], height = description_.navigation_shape()[0];
  const std::int64_t all = words_of(stream);
  std::vector<std::int64_t> starts{0};
  std::int64_t in_line = 0;  // pixels of the line that are done
  for (std::int64_t begin = 0; begin < all; begin += piece_words) {
    const std::vector<std::uint16_t> piece = words(stream, begin, std::min(begin + piece_words, all));
    for (std::size_t at = 0; at < piece.size(); at += counted_words) {
      const auto some = std::span(piece).subspan(at, std::min(counted_words, piece.size() - at));
      // Most pieces end no line, which is quickly seen.
      std::uint16_t ended = 0;
      for (const std::uint16_t word : some) ended = static_cast<std::uint16_t>(ended + (word == next_pixel));
      if (in_line + ended < width) {
        in_line += ended;
        continue;
      }
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (some[i] != next_pixel || ++in_line < width) continue;
        in_line = 0;
        starts.push_back(begin + static_cast<std::int64_t>(at + i) + 1);
        if (frames_ > 0 && static_cast<std::int64_t>(starts.size()) > frames_ * height) return starts;
      }
    }
  }
  // What follows the last whole line belongs to the line begun there; lines that were never reached are empty.
  if (starts.back() < all) starts.push_back(all);
  const auto frames = std::max<std::int64_t>(1, (static_cast<std::int64_t>(starts.size()) - 1 + height - 1) / height);
  starts.resize(static_cast<std::size_t>(frames * height + 1), starts.back());
  return starts;
}

const EventStreamSource::LineStarts& EventStreamSource::line_starts() const {
  // Threads that come while another one scans take one of the streams.
  tbb::collaborative_call_once(scanned_, [this] {
    LineStarts all(streams_.size());
    tbb::parallel_for(std::size_t{0}, streams_.size(), [&](std::size_t s) { all[s] = scan(streams_[s]); });
    line_starts_ = std::move(all);
  });
  return line_starts_;
}

SparseCounts EventStreamSource::read_counts(std::int64_t begin, std::int64_t end) const {
  if (begin < 0 || end < begin || end > description_.navigation_size()) {
    throw Error(ErrorKind::invalid_argument, "there are no positions " + std::to_string(begin) + " to " +
                                                 std::to_string(end) + " in '" + description_.title + "'");
  }
  const std::int64_t pixels = end - begin;
  if (pixels == 0) return {};
  const LineStarts& starts = line_starts();
  const std::int64_t width = description_.navigation_shape()[1], height = description_.navigation_shape()[0];
  const std::int64_t first = begin / width, last = (end - 1) / width;

  std::vector<Run> runs;
  for (std::size_t s = 0; s < streams_.size(); ++s) {
    const auto frames = static_cast<std::int64_t>(starts[s].size() - 1) / height;
    for (std::int64_t frame = 0; frame < frames; ++frame) {
      const std::int64_t from = starts[s][static_cast<std::size_t>(frame * height + first)];
      const std::int64_t to = starts[s][static_cast<std::size_t>(frame * height + last + 1)];
      if (from < to) runs.emplace_back(words(streams_[s], from, to)).skip_pixels(begin - first * width);
    }
  }
  SparseCounts counts;
  counts.row_start.reserve(static_cast<std::size_t>(pixels) + 1);
  ChannelCounts row(description_.signal_size());
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (Run& run : runs) {
      run.take_pixel([&](std::uint16_t channel) { add_event(row, channel, description_); });
    }
    check_fits(row.append_to(counts), description_);
    counts.row_start.push_back(counts.nonzeros());
  }
  return counts;
}

std::int64_t EventStreamSource::buffered() const {
  std::int64_t bytes = 0;
  for (const hdf5::Array& stream : streams_) bytes += stream.buffered();
  return bytes;
}

void EventStreamSource::read(const Region& region, std::span<std::byte> out) const {
  check_region(region, description_, out.size());
  fill_from_counts(description_, region, out,
                   [this](std::int64_t begin, std::int64_t end) { return read_counts(begin, end); });
}

}  // namespace ruska::io::velox
