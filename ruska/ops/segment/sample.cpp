// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/sample.hpp"

#include <algorithm>

#include "ruska/ops/segment/gathered_rows.hpp"

namespace ruska::ops::segment {
namespace {

constexpr std::int64_t most_bytes = std::int64_t{64} << 20;
constexpr std::int64_t always_allowed = 1000;  // positions, however many channels they have

}  // namespace

std::int64_t sample_size(const Description& data, std::int64_t asked) {
  const std::int64_t fitting = most_bytes / (8 * std::max<std::int64_t>(1, data.signal_size()));
  return std::min({asked, data.navigation_size(), std::max(always_allowed, fitting)});
}

Sample sample_of(const Rows& rows, const FeatureSpace& space, const std::vector<double>& deviation, std::int64_t size,
                 std::int64_t seed, Context& context) {
  Sample sample;
  std::vector<std::int64_t> all;
  for (std::size_t row = 0; row < space.row_weight.size(); ++row) {
    if (space.row_weight[row] != 0) all.push_back(static_cast<std::int64_t>(row));
  }
  sample.positions = drawn_positions(all, size, seed, "sample");
  sample.data = gathered_positions(rows, sample.positions, "sampling positions", context);
  sample.space = space;
  sample.space.row_factor.clear();
  sample.space.row_weight.clear();
  sample.space.total_weight = 0;
  for (const std::int64_t position : sample.positions) {
    const auto row = static_cast<std::size_t>(position);
    sample.space.row_factor.push_back(space.row_factor[row]);
    sample.space.row_weight.push_back(space.row_weight[row]);
    sample.space.total_weight += space.row_weight[row];
    sample.deviation.push_back(deviation[row]);
  }
  sample.space.rows_in_use = static_cast<std::int64_t>(sample.positions.size());
  return sample;
}

std::int64_t sample_memory(const Description& data, std::int64_t asked) {
  const std::int64_t size = sample_size(data, asked);
  // The candidates with their keys; the values once more while they are handed over.
  return 32 * data.navigation_size() + gathered_rows_memory(size, data.signal_size()) +
         size * (8 * data.signal_size() + 64);
}

}  // namespace ruska::ops::segment
