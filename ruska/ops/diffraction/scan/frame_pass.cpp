// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/frame_pass.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "ruska/base/error.hpp"
#include "ruska/base/spare.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/reduce_any_order.hpp"
#include "ruska/kernels/frame_sums.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t leaves_in_flight = 6;  // partial results of a tree of 32 leaves that wait for their sisters

/// Whether the patterns are the same in whatever order frames are added: sums of integers that cannot overflow.
constexpr bool any_order(bool integers, std::size_t bytes_per_value, bool squares) {
  return integers && (bytes_per_value <= 2 || (bytes_per_value == 4 && !squares));
}

/// The patterns over some of the frames.
template <class T>
struct PartialPatterns {
  std::vector<kernels::PixelSum<T>> partial;
  std::vector<kernels::FrameSum<T>> sum;  ///< what was carried over from `partial`; empty for zero
  std::vector<T> maximum;
  std::vector<kernels::PixelSquares<T>> squares;
  std::int64_t in_partial = 0;  ///< frames

  void carry_over() {
    if (sum.empty()) sum.resize(partial.size());
    if (in_partial == 0) return;
    for (std::size_t p = 0; p < partial.size(); ++p) sum[p] += static_cast<kernels::FrameSum<T>>(partial[p]);
    std::fill(partial.begin(), partial.end(), kernels::PixelSum<T>{});
    in_partial = 0;
  }
  void make_room(std::int64_t frames) {
    if (in_partial > kernels::frames_per_partial<T> - frames) carry_over();
    in_partial += frames;
  }
  void merge(const PartialPatterns& other) {
    constexpr bool narrow = std::is_integral_v<T> && sizeof(T) <= 2;
    if (narrow && sum.empty() && other.sum.empty() && in_partial + other.in_partial <= kernels::frames_per_partial<T>) {
      for (std::size_t p = 0; p < partial.size(); ++p) partial[p] += other.partial[p];
      in_partial += other.in_partial;
    } else {
      carry_over();
      if (other.in_partial > 0) add(other.partial);
      if (!other.sum.empty()) add(other.sum);
    }
    for (std::size_t p = 0; p < maximum.size(); ++p) maximum[p] = std::max(maximum[p], other.maximum[p]);
    for (std::size_t p = 0; p < squares.size(); ++p) squares[p] += other.squares[p];
  }

  template <class Values>
  void add(const Values& values) {
    for (std::size_t p = 0; p < sum.size(); ++p) {
      const auto value = static_cast<kernels::FrameSum<T>>(values[p]);
      if constexpr (std::is_integral_v<kernels::FrameSum<T>>) {
        if (__builtin_add_overflow(sum[p], value, &sum[p])) {
          throw Error(ErrorKind::bad_data, "the sum pattern leaves 63 bits; convert the data to float64");
        }
      } else {
        sum[p] += value;
      }
    }
  }

  /// As if no frame had been seen.
  void start(std::size_t pixels, bool with_squares) {
    partial.assign(pixels, kernels::PixelSum<T>{});
    sum.clear();
    maximum.assign(pixels, std::numeric_limits<T>::lowest());
    if (with_squares) squares.assign(pixels, kernels::PixelSquares<T>{});
    in_partial = 0;
  }

  /// For the way between ranks.
  std::vector<std::byte> pack() const {
    PartialPatterns whole = *this;
    whole.carry_over();
    std::vector<std::vector<std::byte>> parts;
    const auto add = [&](const auto& values) {
      const auto bytes = std::as_bytes(std::span(values));
      parts.emplace_back(bytes.begin(), bytes.end());
    };
    add(whole.sum);
    add(whole.maximum);
    add(whole.squares);
    return ruska::detail::frame(parts);
  }
  static PartialPatterns unpack(std::span<const std::byte> bytes) {
    const auto parts = ruska::detail::unframe(bytes);
    PartialPatterns patterns;
    const auto take = [](const std::vector<std::byte>& from, auto& values) {
      values.resize(from.size() / sizeof(values[0]));
      std::copy(from.begin(), from.end(), std::as_writable_bytes(std::span(values)).begin());
    };
    take(parts.at(0), patterns.sum);
    take(parts.at(1), patterns.maximum);
    take(parts.at(2), patterns.squares);
    return patterns;
  }
};

std::string place_of(const Description& data, std::int64_t frame) {
  Shape position(data.navigation_shape());
  for (std::size_t a = position.size(); a-- > 0;) {
    const std::int64_t size = position[a];
    position[a] = frame % size;
    frame /= size;
  }
  return to_string(position);
}

/// Where a value that is not finite lies.
template <class T>
[[noreturn]] void refuse_not_finite(const Dataset& data, const Correction& correction, const kernels::FrameMasks& masks,
                                    std::int64_t frame) {
  FrameReader<T> reader(data, correction);
  reader.read({frame, frame + 1}, [&](const LoadedRows<T>& rows) {
    for (std::int64_t i = 0; i < rows.rows * masks.width(); ++i) {
      const std::int64_t y = rows.first_row + i / masks.width(), x = i % masks.width();
      if (masks.bytes(0)[y * masks.width() + x] == 0) continue;
      if (!std::isfinite(static_cast<double>(rows.values[i]))) {
        throw Error(ErrorKind::bad_data, "the value at position " + place_of(data.describe(), frame) + ", pixel (" +
                                             std::to_string(y) + ", " + std::to_string(x) +
                                             ") is not finite; leave the pixel out with --mask");
      }
    }
  });
  throw Error(ErrorKind::bad_data,
              "the sum over the frame at position " + place_of(data.describe(), frame) + " is not finite in float64");
}

/// A fixed order of summation that fills vectors.
template <class T>
double weighted_sum(const T* values, const double* weights, std::int64_t count) {
  constexpr int lanes = 8;
  double sum[lanes] = {};
  for (std::int64_t i = 0; i < count; ++i) {
    if (weights[i] != 0) sum[i % lanes] += weights[i] * static_cast<double>(values[i]);
  }
  double total = 0;
  for (const double one : sum) total += one;
  return total;
}

template <class Sum, class T>
void add_to_bins(const T* values, const std::int32_t* bins, std::int64_t count, Sum* profile) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (bins[i] < 0) continue;
    if constexpr (sizeof(T) == 8 && std::is_integral_v<T>) {
      if (__builtin_add_overflow(profile[bins[i]], values[i], &profile[bins[i]])) {
        throw Error(ErrorKind::bad_data, "a radial sum leaves 63 bits; convert the data to float64");
      }
    } else {
      profile[bins[i]] += static_cast<Sum>(values[i]);
    }
  }
}

/// Variance of a pixel over n frames, divided by n. Of integers of 8 and 16 bits the difference is exact.
template <class Sum, class Squares>
double variance_of(Sum sum, Squares squares, std::int64_t frames) {
  if constexpr (std::is_integral_v<Squares>) {
    const auto n = static_cast<unsigned __int128>(frames);
    const auto s = static_cast<unsigned __int128>(sum < 0 ? -sum : sum);
    const auto difference = n * static_cast<unsigned __int128>(squares) - s * s;
    return static_cast<double>(difference) / (static_cast<double>(frames) * static_cast<double>(frames));
  } else {
    const auto n = static_cast<double>(frames);
    const double mean = static_cast<double>(sum) / n;
    return std::max(0.0, static_cast<double>(squares) / n - mean * mean);
  }
}

}  // namespace

template <class T>
PassResult<T> pass_over_frames(const Dataset& data, const Correction& correction, const PassRequest& request,
                               Context& context) {
  using Sum = kernels::FrameSum<T>;
  using Partial = PartialPatterns<T>;
  const kernels::FrameMasks& masks = request.masks;
  const std::int64_t frames = data.describe().navigation_size();
  const std::int64_t width = masks.width(), pixels = masks.height() * width;
  const auto weighted = static_cast<std::int64_t>(request.weights.size());

  PassResult<T> result;
  result.sums.resize(static_cast<std::size_t>(frames * masks.sums()));
  result.weighted.resize(static_cast<std::size_t>(frames * weighted));
  result.radial.resize(static_cast<std::size_t>(frames * request.bin_count));
  result.read.resize(static_cast<std::size_t>(frames));

  const Partitions partitions = frame_partitions(data.describe());
  Executor executor(context);
  using Reader = std::unique_ptr<FrameReader<T>>;
  Spare<Reader> readers;
  Spare<Partial> spare_patterns;
  const auto init = [&] {
    Partial partial = spare_patterns.take([] { return Partial(); });
    partial.start(static_cast<std::size_t>(pixels), request.squares);
    return partial;
  };
  const auto accumulate = [&](Partial& partial, std::int64_t, RowRange range) {
    Reader reader = readers.take([&] { return std::make_unique<FrameReader<T>>(data, correction); });
    partial.make_room(range.size());
    const kernels::Patterns<T> patterns{partial.partial.data(), partial.maximum.data(),
                                        request.squares ? partial.squares.data() : nullptr};
    const auto add = [&](const LoadedRows<T>& rows, const kernels::FrameMasks& detectors, const std::int32_t* bins) {
      kernels::add_frames<T>({rows.values, rows.frame_stride, rows.frames, rows.first_row, rows.rows}, detectors,
                             result.sums.data() + rows.frame * masks.sums(), patterns);
      if (weighted == 0 && request.bin_count == 0) return;
      for (std::int64_t f = 0; f < rows.frames; ++f) {
        for (std::int64_t r = 0; r < rows.rows; ++r) {
          const T* const values = rows.values + f * rows.frame_stride + r * width;
          const std::int64_t pixel = (rows.first_row + r) * width;
          for (std::int64_t w = 0; w < weighted; ++w) {
            result.weighted[static_cast<std::size_t>((rows.frame + f) * weighted + w)] +=
                weighted_sum(values, request.weights[static_cast<std::size_t>(w)].data() + pixel, width);
          }
          if (request.bin_count > 0) {
            add_to_bins(values, bins + pixel, width, result.radial.data() + (rows.frame + f) * request.bin_count);
          }
        }
      }
    };
    reader->read(range, [&](const LoadedRows<T>& rows) {
      if (request.following == nullptr) {
        add(rows, masks, request.bins.data());
        return;
      }
      // Runs of frames whose detectors lie on the same pixels.
      for (std::int64_t begin = 0, end = 0; begin < rows.frames; begin = end) {
        const Shift shift = request.following->shift(rows.frame + begin);
        end = begin + 1;
        while (end < rows.frames && request.following->shift(rows.frame + end) == shift) ++end;
        const auto view = request.following->view(shift);
        add({rows.values + begin * rows.frame_stride, rows.frame_stride, rows.frame + begin, end - begin,
             rows.first_row, rows.rows},
            view->masks, view->rings.data());
      }
    });
    readers.give(std::move(reader));
    std::fill(result.read.begin() + range.begin, result.read.begin() + range.end, std::uint8_t{1});
    if constexpr (std::is_floating_point_v<T>) {
      for (std::int64_t f = range.begin; f < range.end; ++f) {
        if (!std::isfinite(result.sums[static_cast<std::size_t>(f * masks.sums())])) {
          refuse_not_finite<T>(data, correction, masks, f);
        }
      }
    }
  };
  const auto merge = [&](Partial& left, Partial&& right) {
    left.merge(right);
    spare_patterns.give(std::move(right));
  };
  const std::string stage = "reading frames";
  Partial patterns = any_order(std::is_integral_v<T>, sizeof(T), request.squares)
                         ? reduce_any_order<Partial>(context, stage, partitions, init, accumulate, merge)
                         : executor.reduce<Partial>(stage, partitions, init, accumulate, merge);
  patterns.carry_over();
  executor.gather(partitions, masks.sums(), std::span(result.sums));
  executor.gather(partitions, weighted, std::span(result.weighted));
  executor.gather(partitions, request.bin_count, std::span<Sum>(result.radial));
  executor.gather(partitions, 1, std::span(result.read));
  result.frames_read = std::count(result.read.begin(), result.read.end(), 1);
  if (result.frames_read == 0) {
    throw Error(ErrorKind::cancelled, "stopped on request before any frame was read; nothing was written");
  }

  if (request.squares) {
    result.variance.resize(static_cast<std::size_t>(pixels));
    for (std::size_t p = 0; p < result.variance.size(); ++p) {
      result.variance[p] = variance_of(patterns.sum[p], patterns.squares[p], result.frames_read);
    }
  }
  result.pattern_sum = std::move(patterns.sum);
  result.maximum = std::move(patterns.maximum);
  const auto clear = [&](auto& pattern) {
    for (std::size_t p = 0; p < pattern.size(); ++p) {
      if (masks.bytes(0)[p] == 0) pattern[p] = 0;
    }
  };
  clear(result.pattern_sum);
  clear(result.maximum);
  clear(result.variance);
  return result;
}

PassMemory pass_memory(const Description& data, bool corrected, std::int64_t sums_per_frame, std::int64_t weighted,
                       std::int64_t bins, bool squares) {
  // Both sums, the maximum, sums of squares.
  const std::int64_t item = corrected ? 8 : static_cast<std::int64_t>(size_of(data.dtype));
  const std::int64_t pixel = 8 + 8 + item + (squares ? 8 : 0);
  const std::int64_t frame = 8 * (sums_per_frame + weighted + bins) + 1;
  const bool tree = corrected || !any_order(is_integer(data.dtype), size_of(data.dtype), squares);
  return {data.navigation_size() * frame + (tree ? leaves_in_flight : 1) * pixel * data.signal_size(),
          FrameReader<double>::bytes_held(data, corrected) + (tree ? 2 : 1) * pixel * data.signal_size()};
}

template PassResult<std::uint8_t> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<std::int8_t> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<std::uint16_t> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<std::int16_t> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<std::uint32_t> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<std::int32_t> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<std::uint64_t> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<std::int64_t> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<float> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);
template PassResult<double> pass_over_frames(const Dataset&, const Correction&, const PassRequest&, Context&);

}  // namespace ruska::ops::diffraction
