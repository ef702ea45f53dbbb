// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/frames.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/error.hpp"
#include "ruska/core/rows.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t bytes_at_once = 1 << 20;
constexpr std::int64_t most_frames_looked_at = 256;
constexpr std::int64_t most_bytes_looked_at = 64 << 20;

std::int64_t frames_at_once(const Description& data) {
  return std::max<std::int64_t>(1, bytes_at_once / std::max<std::int64_t>(1, 8 * data.signal_size()));
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

void for_each_frame(const Dataset& data, RowRange range, bool counts, const std::vector<std::uint8_t>& left_out,
                    const std::function<void(std::int64_t, std::span<const double>)>& use) {
  const Description& description = data.describe();
  const auto pixels = static_cast<std::size_t>(description.signal_size());
  const std::int64_t step = frames_at_once(description);
  for (std::int64_t begin = range.begin; begin < range.end; begin += step) {
    const RowRange some{begin, std::min(range.end, begin + step)};
    std::int64_t position = begin;
    for (const Region& region : regions_of_rows(description, some)) {
      const std::vector<double> values =
          with_context([&] { return "reading from position " + position_text(description, position); },
                       [&] { return data.read_as_double(region); });
      for (std::size_t first = 0; first < values.size(); first += pixels, ++position) {
        const std::span<const double> frame(values.data() + first, pixels);
        check_values(frame.data(), static_cast<std::int64_t>(pixels), 0, position, description, left_out, counts);
        use(position, frame);
      }
    }
  }
}

std::int64_t frame_bytes_held(const Description& data) {
  return frames_at_once(data) * data.signal_size() * (8 + static_cast<std::int64_t>(size_of(data.dtype)));
}

SomeFrames sum_of_some_frames(const Dataset& data, bool counts, const std::vector<std::uint8_t>& left_out,
                              Context& context) {
  const Description& description = data.describe();
  const std::int64_t all = description.navigation_size(), pixels = description.signal_size();
  const std::int64_t bytes = pixels * static_cast<std::int64_t>(size_of(description.dtype));
  const std::int64_t number =
      std::min({all, most_frames_looked_at, std::max<std::int64_t>(1, most_bytes_looked_at / bytes)});
  SomeFrames frames;
  frames.number = number;
  frames.sum = Executor(context).reduce<std::vector<double>>(
      "looking at " + std::to_string(number) + " frames", Partitions(number, bytes),
      [&] { return std::vector<double>(static_cast<std::size_t>(pixels)); },
      [&](std::vector<double>& sum, std::int64_t, RowRange range) {
        for (std::int64_t i = range.begin; i < range.end; ++i) {
          const std::int64_t position = i * all / number;
          for_each_frame(data, {position, position + 1}, counts, left_out,
                         [&](std::int64_t, std::span<const double> frame) {
                           for (std::size_t p = 0; p < sum.size(); ++p) {
                             if (left_out.empty() || left_out[p] == 0) sum[p] += frame[p];
                           }
                         });
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t p = 0; p < left.size(); ++p) left[p] += right[p];
      });
  return frames;
}

}  // namespace ruska::ops::diffraction
