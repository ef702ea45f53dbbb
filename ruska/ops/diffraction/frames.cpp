// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/frames.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/error.hpp"
#include "ruska/core/rows.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t bytes_at_once = 4 << 20;  // by a worker, whole frames
constexpr std::int64_t most_frames_looked_at = 256;
constexpr std::int64_t most_bytes_looked_at = 64 << 20;

std::int64_t frame_bytes(const Description& data) {
  return data.signal_size() * static_cast<std::int64_t>(size_of(data.dtype));
}

std::int64_t frames_at_once(const Description& data) {
  return std::clamp<std::int64_t>(bytes_at_once / std::max<std::int64_t>(1, frame_bytes(data)), 1,
                                  frame_partitions(data).largest());
}

}  // namespace

bool are_counts(const std::string& noise, const Description& data) {
  return noise == "counts" || (noise == "auto" && is_integer(data.dtype));
}

[[noreturn]] void refuse_value(const Description& data, std::int64_t position, std::int64_t pixel, double value) {
  const std::int64_t width = data.signal_shape().at(1);
  const std::string place = "the value at position " + position_text(data, position) + ", pixel (" +
                            std::to_string(pixel / width) + ", " + std::to_string(pixel % width) + ") is ";
  if (!std::isfinite(value)) throw Error(ErrorKind::bad_data, place + "not finite");
  throw Error(ErrorKind::bad_data, place + std::to_string(value) +
                                       ", and counts are not below zero; say --noise none where the values are no "
                                       "counts");
}

std::string position_text(const Description& data, std::int64_t position) {
  Shape index(data.navigation_shape());
  for (std::size_t a = index.size(); a-- > 0;) {
    const std::int64_t size = index[a];
    index[a] = position % size;
    position /= size;
  }
  return to_string(index);
}

template <class T>
void for_each_stored_frame(const Dataset& data, RowRange range,
                           const std::function<void(std::int64_t, const T*)>& use) {
  const Description& description = data.describe();
  const std::int64_t pixels = description.signal_size(), step = frames_at_once(description);
  std::vector<std::byte> buffer;
  std::int64_t position = range.begin;
  for (std::int64_t begin = range.begin; begin < range.end; begin += step) {
    for (const Region& region : regions_of_rows(description, {begin, std::min(range.end, begin + step)})) {
      auto stored = data.source().view(region);
      if (stored.empty() || reinterpret_cast<std::uintptr_t>(stored.data()) % sizeof(T) != 0) {
        buffer.resize(static_cast<std::size_t>(region.count()) * sizeof(T));
        with_context([&] { return "reading from position " + position_text(description, position); },
                     [&] { data.source().read(region, buffer); });
        stored = buffer;
      }
      for (std::int64_t first = 0; first < region.count(); first += pixels, ++position) {
        use(position, reinterpret_cast<const T*>(stored.data()) + first);
      }
    }
  }
}

void for_each_frame(const Dataset& data, RowRange range, bool counts, const std::vector<std::uint8_t>& left_out,
                    const std::function<void(std::int64_t, std::span<const double>)>& use) {
  const Description& description = data.describe();
  const auto pixels = static_cast<std::size_t>(description.signal_size());
  visit_dtype(description.dtype, [&]<class T>() {
    if constexpr (is_complex_v<T>) {
      throw Error(ErrorKind::internal, "complex data were let in");
    } else {
      std::vector<double> converted(pixels);
      for_each_stored_frame<T>(data, range, [&](std::int64_t position, const T* values) {
        for (std::size_t p = 0; p < pixels; ++p) converted[p] = static_cast<double>(values[p]);
        check_values(values, static_cast<std::int64_t>(pixels), 0, position, description, left_out, counts);
        use(position, converted);
      });
    }
  });
}

std::int64_t frame_bytes_held(const Description& data) {
  // A second part is read inside the source where frames are stored in chunks.
  return 2 * frames_at_once(data) * frame_bytes(data) + 8 * data.signal_size();
}

std::vector<double> Look::mean() const {
  std::vector<double> values = sum;
  for (double& value : values) value /= static_cast<double>(frames);
  return values;
}

Look look_at_frames(const Dataset& data, const Correction& correction, const std::vector<std::uint8_t>& left_out,
                    Context& context) {
  const Description& description = data.describe();
  const std::int64_t all = description.navigation_size(), pixels = description.signal_size();
  const std::int64_t bytes = frame_bytes(description);
  const std::int64_t number =
      std::min({all, most_frames_looked_at, std::max<std::int64_t>(1, most_bytes_looked_at / bytes)});
  Look look;
  look.frames = number;
  look.sum = Executor(context).reduce<std::vector<double>>(
      "looking at " + std::to_string(number) + " frames", Partitions(number, bytes),
      [&] {
        std::vector<double> none(static_cast<std::size_t>(pixels) + 1);
        none.back() = static_cast<double>(all);  // the first frame that is not finite
        return none;
      },
      [&](std::vector<double>& sum, std::int64_t, RowRange range) {
        for (std::int64_t i = range.begin; i < range.end; ++i) {
          const std::int64_t frame = i * all / number;
          const std::vector<double> values =
              data.read_as_double(regions_of_rows(description, {frame, frame + 1}).front());
          for (std::size_t p = 0; p < values.size(); ++p) {
            if (!left_out.empty() && left_out[p] != 0) continue;
            double value = values[p];
            if (!correction.dark.empty()) value -= correction.dark[p];
            if (!correction.gain.empty()) value *= correction.gain[p];
            if (std::isfinite(value)) {
              sum[p] += value;
            } else {
              sum.back() = std::min(sum.back(), static_cast<double>(frame));
            }
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        const double first = std::min(left.back(), right.back());
        for (std::size_t p = 0; p < left.size(); ++p) left[p] += right[p];
        left.back() = first;
      });
  if (look.sum.back() < static_cast<double>(all)) look.not_finite = static_cast<std::int64_t>(look.sum.back());
  look.sum.pop_back();
  return look;
}

template void for_each_stored_frame(const Dataset&, RowRange,
                                    const std::function<void(std::int64_t, const std::uint8_t*)>&);
template void for_each_stored_frame(const Dataset&, RowRange,
                                    const std::function<void(std::int64_t, const std::int8_t*)>&);
template void for_each_stored_frame(const Dataset&, RowRange,
                                    const std::function<void(std::int64_t, const std::uint16_t*)>&);
template void for_each_stored_frame(const Dataset&, RowRange,
                                    const std::function<void(std::int64_t, const std::int16_t*)>&);
template void for_each_stored_frame(const Dataset&, RowRange,
                                    const std::function<void(std::int64_t, const std::uint32_t*)>&);
template void for_each_stored_frame(const Dataset&, RowRange,
                                    const std::function<void(std::int64_t, const std::int32_t*)>&);
template void for_each_stored_frame(const Dataset&, RowRange,
                                    const std::function<void(std::int64_t, const std::uint64_t*)>&);
template void for_each_stored_frame(const Dataset&, RowRange,
                                    const std::function<void(std::int64_t, const std::int64_t*)>&);
template void for_each_stored_frame(const Dataset&, RowRange, const std::function<void(std::int64_t, const float*)>&);
template void for_each_stored_frame(const Dataset&, RowRange, const std::function<void(std::int64_t, const double*)>&);

}  // namespace ruska::ops::diffraction
