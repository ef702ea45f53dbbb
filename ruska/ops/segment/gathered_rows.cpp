// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/gathered_rows.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>

#include "ruska/base/random.hpp"

namespace ruska::ops::segment {
namespace {

constexpr double dense_row = -1;  // marks a row of a parcel that lists every channel

/// Rows one after the other: place in the list, number of nonzeros, then pairs of channel and value; or dense_row, then
/// values. In pieces, which are joined only to travel.
struct Parcels {
  std::vector<std::vector<double>> pieces{};

  std::vector<std::byte> pack() const {
    std::vector<std::byte> bytes;
    for (const std::vector<double>& piece : pieces) {
      const auto own = std::as_bytes(std::span(piece));
      bytes.insert(bytes.end(), own.begin(), own.end());
    }
    return bytes;
  }
  static Parcels unpack(std::span<const std::byte> bytes) { return {{Transport<std::vector<double>>::unpack(bytes)}}; }

  std::size_t size() const {
    return std::transform_reduce(pieces.begin(), pieces.end(), std::size_t{0}, std::plus<>(),
                                 [](const std::vector<double>& piece) { return piece.size(); });
  }
  /// Calls `visit(place, listed, values)` for every row.
  template <class Visit>
  void for_each(std::size_t columns, Visit&& visit) const {
    for (const std::vector<double>& piece : pieces) {
      for (std::size_t i = 0; i < piece.size();) {
        const double listed = piece[i + 1];
        visit(static_cast<std::size_t>(piece[i]), listed, piece.data() + i + 2);
        i += 2 + (listed == dense_row ? columns : 2 * static_cast<std::size_t>(listed));
      }
    }
  }
};

/// Appends the positions [first, end) of a block to a parcel.
void add_rows(const RowBlock& block, std::span<const std::int64_t> positions, std::size_t place, std::size_t columns,
              std::vector<double>& parcel) {
  const auto rows = static_cast<std::size_t>(block.range.size());
  const std::size_t usual = block.sparse ? 2 * block.channel.size() / rows : columns;
  parcel.reserve(parcel.size() + positions.size() * (usual + 2));
  for (const std::int64_t position : positions) {
    const auto r = static_cast<std::size_t>(position - block.range.begin);
    parcel.push_back(static_cast<double>(place++));
    if (!block.sparse) {
      parcel.push_back(dense_row);
      const auto values = block.dense.begin() + static_cast<std::ptrdiff_t>(r * columns);
      parcel.insert(parcel.end(), values, values + static_cast<std::ptrdiff_t>(columns));
      continue;
    }
    parcel.push_back(static_cast<double>(block.row_start[r + 1] - block.row_start[r]));
    for (auto i = static_cast<std::size_t>(block.row_start[r]); i < static_cast<std::size_t>(block.row_start[r + 1]);
         ++i) {
      parcel.push_back(block.channel[i]);
      parcel.push_back(static_cast<double>(block.value[i]));
    }
  }
}

Parcels parcels_of(const Rows& rows, const std::vector<std::int64_t>& positions, const std::string& stage,
                   Context& context) {
  return Executor(context).reduce<Parcels>(
      stage, rows.partitions(), [] { return Parcels{{{}}}; },
      [&](Parcels& parcels, std::int64_t partition, RowRange range) {
        const auto first = std::lower_bound(positions.begin(), positions.end(), range.begin);
        const auto end = std::lower_bound(first, positions.end(), range.end);
        if (first == end) return;
        add_rows(*rows.block(partition), {first, end}, static_cast<std::size_t>(first - positions.begin()),
                 static_cast<std::size_t>(rows.columns()), parcels.pieces.back());
      },
      [](Parcels& left, Parcels&& right) {
        std::move(right.pieces.begin(), right.pieces.end(), std::back_inserter(left.pieces));
      });
}

std::vector<double> values_of(const Parcels& parcels, std::size_t positions, std::size_t columns) {
  std::vector<double> values(positions * columns, 0.0);
  parcels.for_each(columns, [&](std::size_t place, double listed, const double* found) {
    double* row = values.data() + place * columns;
    if (listed == dense_row) {
      std::copy_n(found, columns, row);
      return;
    }
    for (const double* end = found + 2 * static_cast<std::size_t>(listed); found < end; found += 2) {
      row[static_cast<std::size_t>(found[0])] = found[1];
    }
  });
  return values;
}

/// The rows as counts; none where a row lists every channel or a value is no whole number above 0.
std::optional<SparseCounts> counts_of(const Parcels& parcels, std::size_t columns) {
  constexpr double largest = std::numeric_limits<std::uint32_t>::max();
  SparseCounts counts;
  counts.channel.reserve(parcels.size() / 2);
  counts.value.reserve(parcels.size() / 2);
  bool whole = true;
  parcels.for_each(columns, [&](std::size_t, double listed, const double* found) {
    whole &= listed != dense_row;
    if (!whole) return;
    for (const double* end = found + 2 * static_cast<std::size_t>(listed); found < end; found += 2) {
      whole &= found[1] > 0 && found[1] <= largest;
      if (!whole) return;
      const auto value = static_cast<std::uint32_t>(found[1]);
      whole &= static_cast<double>(value) == found[1];
      counts.channel.push_back(static_cast<std::uint32_t>(found[0]));
      counts.value.push_back(value);
    }
    counts.row_start.push_back(counts.nonzeros());
  });
  if (!whole) return {};
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
  const Parcels parcels = parcels_of(rows, positions, stage, context);
  if (std::optional<SparseCounts> counts = counts_of(parcels, static_cast<std::size_t>(rows.columns()))) {
    description.dtype = DType::uint32;
    description.sparse = true;
    return Dataset::from_counts(std::move(description), std::move(*counts));
  }
  return Dataset::from_values<double>(std::move(description),
                                      values_of(parcels, positions.size(), static_cast<std::size_t>(rows.columns())));
}

std::int64_t gathered_rows_memory(std::int64_t positions, std::int64_t channels) {
  // The parcels, which double while they travel, and the values.
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
