// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/gathered_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "ruska/base/random.hpp"

namespace ruska::ops::segment {
namespace {

constexpr double dense_row = -1;  // marks a row of a parcel that lists every channel

/// The rows one after the other, each as a parcel: place in the list, number of nonzeros, then pairs of channel and
/// value; or dense_row, then values.
std::vector<double> parcels_of(const Rows& rows, const std::vector<std::int64_t>& positions, const std::string& stage,
                               Context& context) {
  const auto columns = static_cast<std::size_t>(rows.columns());
  return Executor(context).reduce<std::vector<double>>(
      stage, rows.partitions(), [] { return std::vector<double>(); },
      [&](std::vector<double>& parcel, std::int64_t partition, RowRange range) {
        const auto first = std::lower_bound(positions.begin(), positions.end(), range.begin);
        const auto end = std::lower_bound(first, positions.end(), range.end);
        if (first == end) return;
        const auto block = rows.block(partition);
        for (auto at = first; at != end; ++at) {
          const auto r = static_cast<std::size_t>(*at - range.begin);
          parcel.push_back(static_cast<double>(at - positions.begin()));
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
}

std::vector<double> values_of(const std::vector<double>& parcels, std::size_t positions, std::size_t columns) {
  std::vector<double> values(positions * columns, 0.0);
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
  return values;
}

/// The rows as counts; none where a row lists every channel or a value is no whole number above 0.
std::optional<SparseCounts> counts_of(const std::vector<double>& parcels) {
  constexpr double largest = std::numeric_limits<std::uint32_t>::max();
  SparseCounts counts;
  for (std::size_t i = 0; i < parcels.size();) {
    const double listed = parcels[i + 1];
    i += 2;
    if (listed == dense_row) return {};
    for (std::size_t j = 0; j < static_cast<std::size_t>(listed); ++j, i += 2) {
      const double value = parcels[i + 1];
      if (!(value > 0 && value <= largest && value == std::floor(value))) return {};
      counts.channel.push_back(static_cast<std::uint32_t>(parcels[i]));
      counts.value.push_back(static_cast<std::uint32_t>(value));
    }
    counts.row_start.push_back(counts.nonzeros());
  }
  return counts;
}

}  // namespace

std::vector<double> gathered_rows(const Rows& rows, const std::vector<std::int64_t>& positions,
                                  const std::string& stage, Context& context) {
  return values_of(parcels_of(rows, positions, stage, context), positions.size(),
                   static_cast<std::size_t>(rows.columns()));
}

Dataset gathered_positions(const Rows& rows, const std::vector<std::int64_t>& positions, const std::string& stage,
                           Context& context) {
  Description description;
  description.title = "positions of " + rows.data().describe().title;
  description.axes = {
      {.name = "position", .role = Role::navigation, .size = static_cast<std::int64_t>(positions.size())},
      {.name = "channel", .role = Role::signal, .size = rows.columns()}};
  const std::vector<double> parcels = parcels_of(rows, positions, stage, context);
  if (std::optional<SparseCounts> counts = counts_of(parcels)) {
    description.dtype = DType::uint32;
    description.sparse = true;
    return Dataset::from_counts(std::move(description), std::move(*counts));
  }
  return Dataset::from_values<double>(std::move(description),
                                      values_of(parcels, positions.size(), static_cast<std::size_t>(rows.columns())));
}

std::int64_t gathered_rows_memory(std::int64_t positions, std::int64_t channels) {
  // The parcels, which double while they grow and travel, and the values.
  return positions * 8 * 4 * (channels + 2);
}

std::vector<std::int64_t> drawn_positions(const std::vector<std::int64_t>& positions, std::int64_t size,
                                          std::int64_t seed, const std::string& stream) {
  if (static_cast<std::int64_t>(positions.size()) <= size) return positions;
  std::vector<std::pair<std::uint32_t, std::int64_t>> keys;
  for (const std::int64_t position : positions) {
    keys.emplace_back(Random(static_cast<std::uint64_t>(seed), stream, static_cast<std::uint64_t>(position)).bits(),
                      position);
  }
  std::nth_element(keys.begin(), keys.begin() + size, keys.end());
  keys.resize(static_cast<std::size_t>(size));
  std::vector<std::int64_t> drawn;
  for (const auto& [key, position] : keys) drawn.push_back(position);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

}  // namespace ruska::ops::segment
