// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Integers of 8 and 16 bits. A few frames at a time go over one strip of pixels: a vector of weights and of the
// patterns is loaded once for all of them, each frame's values are loaded once for the patterns and the centre of mass,
// and the strip stays in the first cache for the detectors. Products are those of 16-bit integers with sign, summed in
// pairs to 32 bits; unsigned values become signed ones by I' = I − 32768, which adds 32768 · Σ w to every sum Σ w·I':
// exact for all values. Weights are 0 or 1 for the masks and the distance from the middle of a strip for x; y follows
// from the running sum of the rows' sums,
//   Σ_r (R − r) S_r = Σ_r (S_0 + … + S_r).
// In 32 bits: a strip of V vectors and C columns has V · C ≤ 2^15, so that |Σ w·I'| ≤ 2 V · 2^15 · C / 2 ≤ 2^30 per
// lane.
#include "ruska/kernels/frame_sums.hpp"

#include <algorithm>
#include <vector>

#include <hwy/cache_control.h>

#include "ruska/base/error.hpp"

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/frame_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#ifndef RUSKA_KERNELS_FRAME_SUMS_ONCE
#define RUSKA_KERNELS_FRAME_SUMS_ONCE
namespace ruska::kernels {

[[noreturn]] inline void sum_too_large() {
  throw Error(ErrorKind::bad_data, "a sum of the frames' integers leaves 63 bits; convert the data to float64");
}

inline std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) sum_too_large();
  return sum;
}

template <class T>
std::int64_t checked_product(T value, std::int64_t factor) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(value, factor, &product)) sum_too_large();
  return product;
}

}  // namespace ruska::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Frames that pass over a strip before the next ones do: as many as leave their sums in registers.
constexpr std::int64_t group_size = HWY_MAX_BYTES >= 64 ? 8 : 4;
constexpr std::int64_t strip_bytes = 2048;  // of 16-bit values, of each frame: a group and its patterns fit 32 KiB
constexpr std::int64_t strip_columns = 32;  // in vectors; see above for the sums' range

/// A row's share of the sums.
template <class Sum>
struct RowSums {
  Sum sum{}, x{};
};

template <class T>
RowSums<FrameSum<T>> run_sums(const T* row, FrameMasks::Run run, bool careful) {
  RowSums<FrameSum<T>> sums;
  if constexpr (std::is_floating_point_v<T>) {
    constexpr int lanes = 8;  // a fixed order of summation that fills vectors
    double sum[lanes] = {}, x[lanes] = {};
    std::int32_t i = run.begin;
    for (; i + lanes <= run.end; i += lanes) {
      for (int j = 0; j < lanes; ++j) {
        const double value = static_cast<double>(row[i + j]);
        sum[j] += value;
        x[j] += value * static_cast<double>(i + j);
      }
    }
    for (int j = 0; i < run.end; ++i, ++j) {
      const double value = static_cast<double>(row[i]);
      sum[j] += value;
      x[j] += value * static_cast<double>(i);
    }
    for (int j = 0; j < lanes; ++j) {
      sums.sum += sum[j];
      sums.x += x[j];
    }
  } else if (careful) {
    for (std::int32_t i = run.begin; i < run.end; ++i) {
      sums.sum = checked_add(sums.sum, checked_product(row[i], 1));
      sums.x = checked_add(sums.x, checked_product(row[i], i));
    }
  } else {
    for (std::int32_t i = run.begin; i < run.end; ++i) {
      const auto value = static_cast<std::int64_t>(row[i]);
      sums.sum += value;
      sums.x += value * i;
    }
  }
  return sums;
}

template <class T>
FrameSum<T> run_sum(const T* row, FrameMasks::Run run, bool careful) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr int lanes = 8;
    double sum[lanes] = {};
    std::int32_t i = run.begin;
    for (; i + lanes <= run.end; i += lanes) {
      for (int j = 0; j < lanes; ++j) sum[j] += static_cast<double>(row[i + j]);
    }
    for (int j = 0; i < run.end; ++i, ++j) sum[j] += static_cast<double>(row[i]);
    double total = 0;
    for (const double one : sum) total += one;
    return total;
  } else {
    std::int64_t total = 0;
    if (careful) {
      for (std::int32_t i = run.begin; i < run.end; ++i) total = checked_add(total, checked_product(row[i], 1));
    } else {
      for (std::int32_t i = run.begin; i < run.end; ++i) total += static_cast<std::int64_t>(row[i]);
    }
    return total;
  }
}

template <class T>
void add_to_patterns(const T* row, std::int64_t begin, std::int64_t end, std::int64_t pixel,
                     const Patterns<T>& patterns) {
  if (patterns.sum != nullptr) {
    PixelSum<T>* const sum = patterns.sum + pixel;
    if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
      for (std::int64_t x = begin; x < end; ++x) sum[x] = checked_add(sum[x], checked_product(row[x], 1));
    } else {
      for (std::int64_t x = begin; x < end; ++x) sum[x] += static_cast<PixelSum<T>>(row[x]);
    }
  }
  if (patterns.maximum != nullptr) {
    T* const maximum = patterns.maximum + pixel;
    for (std::int64_t x = begin; x < end; ++x) maximum[x] = row[x] > maximum[x] ? row[x] : maximum[x];
  }
  if (patterns.squares != nullptr) {
    PixelSquares<T>* const squares = patterns.squares + pixel;
    for (std::int64_t x = begin; x < end; ++x) {
      if constexpr (std::is_integral_v<PixelSquares<T>>) {
        const auto value = static_cast<std::int64_t>(row[x]);
        squares[x] += static_cast<std::uint64_t>(value * value);
      } else {
        squares[x] += static_cast<double>(row[x]) * static_cast<double>(row[x]);
      }
    }
  }
}

/// Any type, row by row.
template <class T>
void add_plain(const FrameRows<T>& in, const FrameMasks& masks, FrameSum<T>* sums, const Patterns<T>& patterns) {
  using Sum = FrameSum<T>;
  const std::int64_t width = masks.width();
  // Within a row, sums of 32-bit values stay below 2^63 for rows of up to 2^16 pixels.
  const bool careful = sizeof(T) == 8 || width > 65535;
  const auto add = [&](Sum& to, Sum value) {
    if constexpr (std::is_floating_point_v<Sum>) {
      to += value;
    } else {
      to = checked_add(to, value);
    }
  };
  for (std::int64_t r = 0; r < in.rows; ++r) {
    const std::int64_t y = in.first_row + r;
    for (std::int64_t f = 0; f < in.frames; ++f) {
      const T* const row = in.values + f * in.frame_stride + r * width;
      Sum* const frame = sums + f * masks.sums();
      for (const FrameMasks::Run& run : masks.runs(0, y)) {
        const RowSums<Sum> part = run_sums(row, run, careful);
        add(frame[0], part.sum);
        add(frame[1], part.x);
        if constexpr (std::is_floating_point_v<Sum>) {
          frame[2] += part.sum * static_cast<double>(y);
        } else {
          add(frame[2], checked_product(part.sum, y));
        }
      }
      for (std::int64_t d = 0; d < masks.detectors(); ++d) {
        for (const FrameMasks::Run& run : masks.runs(1 + d, y)) add(frame[3 + d], run_sum(row, run, careful));
      }
      add_to_patterns(row, 0, width, y * width, patterns);
    }
  }
}

#if HWY_TARGET == HWY_SCALAR
template <class T>
void add_small(const FrameRows<T>& in, const FrameMasks& masks, std::int64_t* sums, const Patterns<T>& patterns) {
  add_plain(in, masks, sums, patterns);
}
#else

/// Values as 16-bit integers with sign, less `bias`.
template <class T>
inline constexpr std::int64_t bias = std::is_same_v<T, std::uint16_t> ? 32768 : 0;

template <class D16, class T>
HWY_INLINE hn::VFromD<D16> load_signed(D16 d16, const T* from) {
  if constexpr (std::is_same_v<T, std::uint16_t>) {
    const hn::RebindToUnsigned<D16> du;
    return hn::BitCast(d16, hn::Xor(hn::LoadU(du, from), hn::Set(du, 0x8000)));
  } else if constexpr (std::is_same_v<T, std::int16_t>) {
    return hn::LoadU(d16, from);
  } else {
    return hn::PromoteTo(d16, hn::LoadU(hn::Rebind<T, D16>(), from));
  }
}

/// Pixels 0, 2, 4 … and 1, 3, 5 … in order.
template <class D32, class V = hn::VFromD<D32>>
HWY_INLINE void in_order(D32 d32, V even, V odd, V& low, V& high) {
  // Interleaving works within blocks of 128 bits: block k gets pairs 2k, 2k + 1 of the lower half and of the upper.
  constexpr std::size_t lanes = hn::MaxLanes(D32());
  HWY_ALIGN std::int32_t from[lanes];
  for (std::size_t i = 0; i < lanes; ++i) {
    from[i] = static_cast<std::int32_t>(i / 4 * 2 + i % 2 + (i % 4 >= 2 ? lanes / 2 : 0));
  }
  const auto indices = hn::SetTableIndices(d32, from);
  even = hn::TableLookupLanes(even, indices);
  odd = hn::TableLookupLanes(odd, indices);
  low = hn::InterleaveLower(d32, even, odd);
  high = hn::InterleaveUpper(d32, even, odd);
}

/// What a group of frames adds to the patterns in one vector of pixels. Values with sign are summed as I + 32768: then
/// a pair of them is one number of 32 bits, first + 2^16 · second, and sums of it and of the second part from the
/// first.
template <class D16, class T>
struct PatternVector {
  using D32 = hn::RepartitionToWide<D16>;
  static constexpr std::int64_t offset = std::is_signed_v<T> ? 32768 : 0;
  hn::VFromD<D16> largest;
  hn::VFromD<D32> both, second;

  HWY_INLINE explicit PatternVector(D16 d16)
      : largest(hn::Set(d16, INT16_MIN)), both(hn::Zero(D32())), second(hn::Zero(D32())) {}

  /// What `load_signed` gave.
  HWY_INLINE void add(D16 d16, hn::VFromD<D16> values) {
    const hn::RebindToUnsigned<D32> du32;
    largest = hn::Max(largest, values);
    if constexpr (bias<T> + offset != 0) values = hn::Xor(values, hn::Set(d16, INT16_MIN));
    both = hn::Add(both, hn::BitCast(D32(), values));
    second = hn::Add(second, hn::BitCast(D32(), hn::ShiftRight<16>(hn::BitCast(du32, values))));
  }

  /// The first `known` lanes are already summed.
  HWY_INLINE void add_to(D16 d16, std::int64_t frames, std::int64_t pixel, std::size_t known,
                         const Patterns<T>& patterns) const {
    const D32 d32;
    const hn::RebindToUnsigned<D32> du32;
    const std::size_t lanes = hn::Lanes(d32);
    if (patterns.maximum != nullptr) {
      T* const maximum = patterns.maximum + pixel;
      const hn::Rebind<T, D16> d;
      const auto before = hn::LoadU(d, maximum);
      if constexpr (std::is_same_v<T, std::uint16_t>) {
        hn::StoreU(hn::Max(before, hn::Xor(hn::BitCast(d, largest), hn::Set(d, 0x8000))), d, maximum);
      } else if constexpr (std::is_same_v<T, std::int16_t>) {
        hn::StoreU(hn::Max(before, largest), d, maximum);
      } else {
        hn::StoreU(hn::Max(before, hn::DemoteTo(d, largest)), d, maximum);
      }
    }
    if (patterns.sum == nullptr) return;
    auto low = hn::Zero(d32), high = low;
    in_order(d32, hn::Sub(both, hn::ShiftLeft<16>(second)), second, low, high);
    if constexpr (offset != 0) {
      const auto offsets = hn::Set(d32, static_cast<std::int32_t>(frames * offset));
      low = hn::Sub(low, offsets);
      high = hn::Sub(high, offsets);
    }
    if (known > 0) {
      low = hn::IfThenZeroElse(hn::FirstN(d32, known), low);
      if (known > lanes) high = hn::IfThenZeroElse(hn::FirstN(d32, known - lanes), high);
    }
    const auto store = [&](auto d, auto first, auto next, auto* sum) {
      hn::StoreU(hn::Add(hn::LoadU(d, sum), first), d, sum);
      hn::StoreU(hn::Add(hn::LoadU(d, sum + lanes), next), d, sum + lanes);
    };
    if constexpr (std::is_signed_v<T>) {
      store(d32, low, high, patterns.sum + pixel);
    } else {
      store(du32, hn::BitCast(du32, low), hn::BitCast(du32, high), patterns.sum + pixel);
    }
  }
};

/// Part of a frame's rows and columns, cut into vectors. The last vector of a row that is no multiple of the vector's
/// length overlaps the one before; weights of zero keep its pixels from counting twice.
struct Strip {
  std::int64_t row = 0, rows = 0;  // counted from the first row given
  std::int64_t column = 0;         // of the first vector
  std::int64_t vectors = 0;        // per row
  std::int64_t middle = 0;         // the column whose weight of x is 0
};

/// Sums of 16-bit products in 32 bits; which pairs a lane holds is left open.
template <class D32>
struct Accumulator {
  hn::VFromD<D32> first, second;
  HWY_INLINE Accumulator() : first(hn::Zero(D32())), second(hn::Zero(D32())) {}
  template <class V16>
  HWY_INLINE void add(V16 a, V16 b) {
    first = hn::ReorderWidenMulAccumulate(D32(), a, b, first, second);
  }
  HWY_INLINE hn::VFromD<D32> total() const { return hn::Add(first, second); }
};

/// Weights of one strip, vector by vector in the order of rows, and for each detector those vectors that it touches.
struct StripWeights {
  struct Touched {
    std::int64_t offset;  // of the vector within the frame's part, in elements
    std::int64_t weights;
  };
  std::vector<std::int16_t> counted, x, detectors;
  std::vector<Touched> touched;
  std::vector<std::size_t> touched_end;  // per detector
  std::int64_t row_stride = 0;           // of counted and x; 0 where all rows are alike
};

inline std::int64_t vector_column(std::int64_t index, std::int64_t lanes, std::int64_t width) {
  return std::min(index * lanes, width - lanes);
}

/// The mask's bytes as weights, 0 in the first `known` lanes.
template <class D16>
HWY_INLINE hn::VFromD<D16> mask_weights(D16 d16, const std::uint8_t* bytes, std::int64_t known) {
  const auto weights = hn::PromoteTo(d16, hn::LoadU(hn::Rebind<std::uint8_t, D16>(), bytes));
  if (known == 0) return weights;
  return hn::IfThenZeroElse(hn::FirstN(d16, static_cast<std::size_t>(known)), weights);
}

template <class D16>
void weigh(D16 d16, const Strip& strip, const FrameMasks& masks, std::int64_t first_row, StripWeights& weights) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d16));
  const std::int64_t width = masks.width();
  const std::int64_t rows = masks.all_counted() ? 1 : strip.rows;
  const std::int64_t first_vector = strip.column / lanes;
  const std::int64_t part = strip.vectors * lanes;
  weights.row_stride = masks.all_counted() ? 0 : part;
  weights.counted.resize(static_cast<std::size_t>(rows * part));
  weights.x.resize(weights.counted.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::uint8_t* const counted = masks.bytes(0) + (first_row + strip.row + r) * width;
    for (std::int64_t v = 0; v < strip.vectors; ++v) {
      const std::int64_t begin = vector_column(first_vector + v, lanes, width);
      const auto weight = mask_weights(d16, counted + begin, (first_vector + v) * lanes - begin);
      const auto x = hn::Iota(d16, static_cast<std::int16_t>(begin - strip.middle));
      hn::StoreU(weight, d16, weights.counted.data() + r * part + v * lanes);
      hn::StoreU(hn::Mul(weight, x), d16, weights.x.data() + r * part + v * lanes);
    }
  }
  weights.detectors.resize(static_cast<std::size_t>(masks.detectors() * strip.rows * part));
  weights.touched.clear();
  weights.touched_end.clear();
  std::int64_t next = 0;
  for (std::int64_t d = 0; d < masks.detectors(); ++d) {
    for (std::int64_t r = 0; r < strip.rows; ++r) {
      const std::int64_t row = first_row + strip.row + r;
      const auto runs = masks.runs(1 + d, row);
      if (runs.empty()) continue;
      const std::uint8_t* const bytes = masks.bytes(1 + d) + row * width;
      for (std::int64_t v = 0; v < strip.vectors; ++v) {
        const std::int64_t begin = vector_column(first_vector + v, lanes, width);
        if (begin + lanes <= runs.front().begin || begin >= runs.back().end) continue;
        const auto weight = mask_weights(d16, bytes + begin, (first_vector + v) * lanes - begin);
        if (hn::AllTrue(d16, hn::Eq(weight, hn::Zero(d16)))) continue;
        hn::StoreU(weight, d16, weights.detectors.data() + next);
        weights.touched.push_back({(strip.row + r) * width + begin, next});
        next += lanes;
      }
    }
    weights.touched_end.push_back(weights.touched.size());
  }
}

template <class D32>
HWY_INLINE std::int64_t total_of(D32 d32, hn::VFromD<D32> v) {
  return hn::GetLane(hn::SumOfLanes(d32, v));
}
/// As `total_of`, for lanes whose sum may leave 32 bits.
template <class D32>
HWY_INLINE std::int64_t wide_total_of(D32, hn::VFromD<D32> v) {
  const hn::Half<D32> half;
  const hn::Rebind<std::int64_t, decltype(half)> d64;
  const auto sum = hn::Add(hn::PromoteTo(d64, hn::LowerHalf(half, v)), hn::PromoteTo(d64, hn::UpperHalf(half, v)));
  return hn::GetLane(hn::SumOfLanes(d64, sum));
}

/// `frames` frames over one strip; `ahead` elements from there lies what is wanted next.
template <std::int64_t frames, class D16, class T>
void add_strip(D16 d16, const T* group, std::int64_t stride, const Strip& strip, const StripWeights& weights,
               std::int64_t ahead, std::int64_t first_row, const FrameMasks& masks, std::int64_t* sums,
               const Patterns<T>& patterns) {
  const hn::RepartitionToWide<D16> d32;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d16));
  const std::int64_t width = masks.width(), first = strip.column / lanes;
  Accumulator<decltype(d32)> sum[frames], x[frames];
  hn::VFromD<decltype(d32)> sum_of_rows[frames];
  for (std::int64_t f = 0; f < frames; ++f) sum_of_rows[f] = hn::Zero(d32);
  for (std::int64_t r = 0; r < strip.rows; ++r) {
    const std::int16_t* const counted = weights.counted.data() + r * weights.row_stride;
    const std::int16_t* const x_weights = weights.x.data() + r * weights.row_stride;
    for (std::int64_t v = 0; v < strip.vectors; ++v) {
      const std::int64_t column = vector_column(first + v, lanes, width);
      const T* const from = group + (strip.row + r) * width + column;
      const auto count_weights = hn::LoadU(d16, counted + v * lanes), x_weight = hn::LoadU(d16, x_weights + v * lanes);
      PatternVector<D16, T> pattern(d16);
#pragma GCC unroll 8
      for (std::int64_t f = 0; f < frames; ++f) {
        hwy::Prefetch(from + f * stride + ahead);
        const auto values = load_signed(d16, from + f * stride);
        pattern.add(d16, values);
        sum[f].add(values, count_weights);
        x[f].add(values, x_weight);
      }
      pattern.add_to(d16, frames, (first_row + strip.row + r) * width + column,
                     static_cast<std::size_t>((first + v) * lanes - column), patterns);
    }
#pragma GCC unroll 8
    for (std::int64_t f = 0; f < frames; ++f) sum_of_rows[f] = hn::Add(sum_of_rows[f], sum[f].total());
  }
  for (std::int64_t f = 0; f < frames; ++f) {
    std::int64_t* const frame_sums = sums + f * masks.sums();
    const std::int64_t total = total_of(d32, sum[f].total());
    frame_sums[0] += total;
    frame_sums[1] += wide_total_of(d32, x[f].total()) + strip.middle * total;
    frame_sums[2] += (first_row + strip.row + strip.rows) * total - wide_total_of(d32, sum_of_rows[f]);
  }
  std::size_t next = 0;
  for (std::size_t d = 0; d < weights.touched_end.size(); ++d) {
    if (next == weights.touched_end[d]) continue;
    Accumulator<decltype(d32)> detector[frames];
    for (; next < weights.touched_end[d]; ++next) {
      const StripWeights::Touched& one = weights.touched[next];
      const auto weight = hn::LoadU(d16, weights.detectors.data() + one.weights);
#pragma GCC unroll 8
      for (std::int64_t f = 0; f < frames; ++f) {
        detector[f].add(load_signed(d16, group + f * stride + one.offset), weight);
      }
    }
    for (std::int64_t f = 0; f < frames; ++f) {
      sums[f * masks.sums() + 3 + static_cast<std::int64_t>(d)] += total_of(d32, detector[f].total());
    }
  }
}

template <class D16, class T>
void add_by_strips(D16 d16, const FrameRows<T>& in, const FrameMasks& masks, std::int64_t* sums,
                   const Patterns<T>& patterns) {
  const std::int64_t width = masks.width(), stride = in.frame_stride;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d16));
  const std::int64_t vectors = (width + lanes - 1) / lanes;
  const std::int64_t blocks = (vectors + strip_columns - 1) / strip_columns;
  const std::int64_t block_vectors = (vectors + blocks - 1) / blocks;
  const std::int64_t strip_rows = std::max<std::int64_t>(1, strip_bytes / 2 / lanes / block_vectors);
  StripWeights weights;
  for (std::int64_t row = 0; row < in.rows; row += strip_rows) {
    for (std::int64_t first = 0; first < vectors; first += block_vectors) {
      Strip strip{row, std::min(strip_rows, in.rows - row), first * lanes, std::min(block_vectors, vectors - first)};
      strip.middle = strip.column + strip.vectors * lanes / 2;
      weigh(d16, strip, masks, in.first_row, weights);
      // What comes next, other frames or the next strip of the first, is too short for the processor to foresee.
      const bool ends = blocks > 1 || row + strip.rows >= in.rows;
      std::int64_t begin = 0;
      for (; begin + group_size <= in.frames; begin += group_size) {
        const bool last = begin + 2 * group_size > in.frames;
        add_strip<group_size>(d16, in.values + begin * stride, stride, strip, weights,
                              !last  ? group_size * stride
                              : ends ? 0
                                     : strip_rows * width - begin * stride,
                              in.first_row, masks, sums + begin * masks.sums(), patterns);
      }
      for (; begin < in.frames; ++begin) {
        add_strip<1>(d16, in.values + begin * stride, stride, strip, weights, 0, in.first_row, masks,
                     sums + begin * masks.sums(), patterns);
      }
      if (patterns.squares != nullptr) {
        const std::int64_t end = std::min(width, (first + strip.vectors) * lanes);
        for (std::int64_t r = row; r < row + strip.rows; ++r) {
          for (std::int64_t f = 0; f < in.frames; ++f) {
            add_to_patterns(in.values + f * stride + r * width, strip.column, end, (in.first_row + r) * width,
                            Patterns<T>{nullptr, nullptr, patterns.squares});
          }
        }
      }
    }
  }
  if constexpr (bias<T> != 0) {
    const std::int64_t end = in.first_row + in.rows;
    for (std::int64_t f = 0; f < in.frames; ++f) {
      std::int64_t* const frame = sums + f * masks.sums();
      frame[0] += bias<T> * (masks.pixels_before(0, end) - masks.pixels_before(0, in.first_row));
      frame[1] += bias<T> * (masks.x_before(end) - masks.x_before(in.first_row));
      frame[2] += bias<T> * (masks.y_before(end) - masks.y_before(in.first_row));
      for (std::int64_t d = 0; d < masks.detectors(); ++d) {
        frame[3 + d] += bias<T> * (masks.pixels_before(1 + d, end) - masks.pixels_before(1 + d, in.first_row));
      }
    }
  }
}

template <class T>
void add_small(const FrameRows<T>& in, const FrameMasks& masks, std::int64_t* sums, const Patterns<T>& patterns) {
  const hn::ScalableTag<std::int16_t> widest;
  const hn::CappedTag<std::int16_t, 8> narrow;
  if (masks.width() >= static_cast<std::int64_t>(hn::Lanes(widest))) {
    add_by_strips(widest, in, masks, sums, patterns);
  } else if (masks.width() >= static_cast<std::int64_t>(hn::Lanes(narrow))) {
    add_by_strips(narrow, in, masks, sums, patterns);
  } else {
    add_plain(in, masks, sums, patterns);
  }
}

#endif

#define RUSKA_FRAME_SUMS(NAME, TYPE, FUNCTION)                                        \
  void NAME(const FrameRows<TYPE>& in, const FrameMasks& masks, FrameSum<TYPE>* sums, \
            const Patterns<TYPE>& patterns) {                                         \
    FUNCTION(in, masks, sums, patterns);                                              \
  }
RUSKA_FRAME_SUMS(OfUint8, std::uint8_t, add_small)
RUSKA_FRAME_SUMS(OfInt8, std::int8_t, add_small)
RUSKA_FRAME_SUMS(OfUint16, std::uint16_t, add_small)
RUSKA_FRAME_SUMS(OfInt16, std::int16_t, add_small)
RUSKA_FRAME_SUMS(OfUint32, std::uint32_t, add_plain)
RUSKA_FRAME_SUMS(OfInt32, std::int32_t, add_plain)
RUSKA_FRAME_SUMS(OfUint64, std::uint64_t, add_plain)
RUSKA_FRAME_SUMS(OfInt64, std::int64_t, add_plain)
RUSKA_FRAME_SUMS(OfFloat32, float, add_plain)
RUSKA_FRAME_SUMS(OfFloat64, double, add_plain)
#undef RUSKA_FRAME_SUMS

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

#define RUSKA_FRAME_SUMS(NAME, TYPE)                                                              \
  HWY_EXPORT(NAME);                                                                               \
  template <>                                                                                     \
  void add_frames<TYPE>(const FrameRows<TYPE>& in, const FrameMasks& masks, FrameSum<TYPE>* sums, \
                        const Patterns<TYPE>& patterns) {                                         \
    HWY_DYNAMIC_DISPATCH(NAME)(in, masks, sums, patterns);                                        \
  }
RUSKA_FRAME_SUMS(OfUint8, std::uint8_t)
RUSKA_FRAME_SUMS(OfInt8, std::int8_t)
RUSKA_FRAME_SUMS(OfUint16, std::uint16_t)
RUSKA_FRAME_SUMS(OfInt16, std::int16_t)
RUSKA_FRAME_SUMS(OfUint32, std::uint32_t)
RUSKA_FRAME_SUMS(OfInt32, std::int32_t)
RUSKA_FRAME_SUMS(OfUint64, std::uint64_t)
RUSKA_FRAME_SUMS(OfInt64, std::int64_t)
RUSKA_FRAME_SUMS(OfFloat32, float)
RUSKA_FRAME_SUMS(OfFloat64, double)
#undef RUSKA_FRAME_SUMS

}  // namespace ruska::kernels
#endif
