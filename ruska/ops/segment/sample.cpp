// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/sample.hpp"

#include <algorithm>

#include "ruska/base/random.hpp"

namespace ruska::ops::segment {
namespace {

constexpr std::int64_t most_bytes = std::int64_t{64} << 20;
constexpr std::int64_t always_allowed = 1000;  // positions, however many channels they have
constexpr double dense_row = -1;               // marks a row of a parcel that lists every channel

/// The positions with the smallest random keys: a sample without replacement that depends on the seed alone.
std::vector<std::int64_t> drawn(const FeatureSpace& space, std::int64_t size, std::int64_t seed) {
  std::vector<std::pair<std::uint32_t, std::int64_t>> keys;
  for (std::size_t row = 0; row < space.row_weight.size(); ++row) {
    if (space.row_weight[row] == 0) continue;
    const auto position = static_cast<std::int64_t>(row);
    keys.emplace_back(space.rows_in_use <= size ? 0 : Random(static_cast<std::uint64_t>(seed), "sample", row).bits(),
                      position);
  }
  if (space.rows_in_use > size) {
    std::nth_element(keys.begin(), keys.begin() + size, keys.end());
    keys.resize(static_cast<std::size_t>(size));
  }
  std::vector<std::int64_t> positions;
  for (const auto& [key, position] : keys) positions.push_back(position);
  std::sort(positions.begin(), positions.end());
  return positions;
}

}  // namespace

std::int64_t sample_size(const Description& data, std::int64_t asked) {
  const std::int64_t fitting = most_bytes / (8 * std::max<std::int64_t>(1, data.signal_size()));
  return std::min({asked, data.navigation_size(), std::max(always_allowed, fitting)});
}

Sample sample_of(const Rows& rows, const FeatureSpace& space, const std::vector<double>& deviation, std::int64_t size,
                 std::int64_t seed, Context& context) {
  const auto columns = static_cast<std::size_t>(rows.columns());
  Sample sample;
  sample.positions = drawn(space, size, seed);
  // Parcels: row number in the sample, number of nonzeros, then pairs of channel and value; or dense_row, then values.
  const std::vector<double> parcels = Executor(context).reduce<std::vector<double>>(
      "sampling positions", rows.partitions(), [] { return std::vector<double>(); },
      [&](std::vector<double>& parcel, std::int64_t partition, RowRange range) {
        const auto first = std::lower_bound(sample.positions.begin(), sample.positions.end(), range.begin);
        const auto end = std::lower_bound(first, sample.positions.end(), range.end);
        if (first == end) return;
        const auto block = rows.block(partition);
        for (auto at = first; at != end; ++at) {
          const auto r = static_cast<std::size_t>(*at - range.begin);
          parcel.push_back(static_cast<double>(at - sample.positions.begin()));
          if (!block->sparse) {
            parcel.push_back(dense_row);
            const auto values = block->dense.begin() + static_cast<std::ptrdiff_t>(r * columns);
            parcel.insert(parcel.end(), values, values + static_cast<std::ptrdiff_t>(columns));
            continue;
          }
          parcel.push_back(static_cast<double>(block->row_start[r + 1] - block->row_start[r]));
          for (auto i = static_cast<std::size_t>(block->row_start[r]);
               i < static_cast<std::size_t>(block->row_start[r + 1]); ++i) {
            parcel.push_back(block->channel[i]);
            parcel.push_back(static_cast<double>(block->value[i]));
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        left.insert(left.end(), right.begin(), right.end());
      });

  std::vector<double> values(sample.positions.size() * columns, 0.0);
  for (std::size_t i = 0; i < parcels.size();) {
    double* row = values.data() + static_cast<std::size_t>(parcels[i]) * columns;
    const double listed = parcels[i + 1];
    i += 2;
    if (listed == dense_row) {
      std::copy_n(parcels.begin() + static_cast<std::ptrdiff_t>(i), columns, row);
      i += columns;
      continue;
    }
    for (std::size_t j = 0; j < static_cast<std::size_t>(listed); ++j, i += 2) {
      row[static_cast<std::size_t>(parcels[i])] = parcels[i + 1];
    }
  }

  Description description;
  description.title = "sample of " + rows.data().describe().title;
  description.axes = {
      {.name = "position", .role = Role::navigation, .size = static_cast<std::int64_t>(sample.positions.size())},
      {.name = "channel", .role = Role::signal, .size = rows.columns()}};
  sample.data = Dataset::from_values<double>(std::move(description), values);
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
  // The keys; the parcels, which double while they grow and travel; the values, twice while they are handed over.
  return 16 * data.navigation_size() + size * (8 * 5 * (data.signal_size() + 2) + 64);
}

}  // namespace ruska::ops::segment
