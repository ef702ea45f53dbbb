// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/look_at_frames.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/core/executor.hpp"
#include "ruska/core/rows.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t most_frames_looked_at = 256;
constexpr std::int64_t most_bytes_looked_at = 64 << 20;

}  // namespace

Look look_at_frames(const Dataset& data, const Correction& correction, Context& context) {
  const Description& description = data.describe();
  const std::int64_t all = description.navigation_size(), pixels = description.signal_size();
  const std::int64_t bytes = pixels * static_cast<std::int64_t>(size_of(description.dtype));
  const std::int64_t number =
      std::min({all, most_frames_looked_at, std::max<std::int64_t>(1, most_bytes_looked_at / bytes)});
  const auto sum = Executor(context).reduce<std::vector<double>>(
      "looking at " + std::to_string(number) + " frames", Partitions(number, bytes),
      [&] {
        std::vector<double> none(static_cast<std::size_t>(pixels) + 1);
        none.back() = static_cast<double>(all);  // the first frame that is not finite
        return none;
      },
      [&](std::vector<double>& total, std::int64_t, RowRange range) {
        for (std::int64_t i = range.begin; i < range.end; ++i) {
          const std::int64_t frame = i * all / number;
          const std::vector<double> values =
              data.read_as_double(regions_of_rows(description, {frame, frame + 1}).front());
          for (std::size_t p = 0; p < values.size(); ++p) {
            double value = values[p];
            if (!correction.dark.empty()) value -= correction.dark[p];
            if (!correction.gain.empty()) value *= correction.gain[p];
            if (std::isfinite(value)) {
              total[p] += value;  // the pass over all frames names what is not finite
            } else {
              total.back() = std::min(total.back(), static_cast<double>(frame));
            }
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        const double first = std::min(left.back(), right.back());
        for (std::size_t p = 0; p < left.size(); ++p) left[p] += right[p];
        left.back() = first;
      });
  Look look{sum, number};
  look.mean.pop_back();
  if (sum.back() < static_cast<double>(all)) look.not_finite = static_cast<std::int64_t>(sum.back());
  for (double& value : look.mean) value /= static_cast<double>(number);
  return look;
}

}  // namespace ruska::ops::diffraction
