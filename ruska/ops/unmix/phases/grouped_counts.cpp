// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/phases/grouped_counts.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/random.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr double most_coin_tosses = 2048;  // above it a normal draw is as good (skewness 0) and much quicker

double half_of(double value, bool integers, Random& random) {
  if (integers && value <= most_coin_tosses) {
    return static_cast<double>(random.binomial(static_cast<std::uint64_t>(value), 0.5));
  }
  double half = 0.5 * value + 0.5 * std::sqrt(value) * random.normal();
  if (integers) half = std::round(half);
  return std::clamp(half, 0.0, value);
}

}  // namespace

ChannelGroups group_channels(const std::vector<double>& column_sum, std::size_t most, double least_counts) {
  ChannelGroups groups;
  const std::size_t width = (column_sum.size() + most - 1) / most;
  std::size_t channels = 0;
  double counts = 0;
  for (const double sum : column_sum) {
    groups.of_channel.push_back(static_cast<std::uint32_t>(groups.count));
    counts += sum;
    if (++channels >= width && counts >= least_counts) {
      ++groups.count;
      channels = 0;
      counts = 0;
    }
  }
  if (channels > 0) {  // what is left joins the last group
    if (groups.count == 0) {
      groups.count = 1;
    } else {
      const auto last = static_cast<std::uint32_t>(groups.count - 1);
      for (std::uint32_t& group : groups.of_channel) group = std::min(group, last);
    }
  }
  return groups;
}

GroupedCounts::GroupedCounts(const Rows& rows, ChannelGroups groups, std::vector<std::uint8_t> used)
    : rows_(rows), groups_(std::move(groups)), used_(std::move(used)) {
  used_rows_ = std::count_if(used_.begin(), used_.end(), [](std::uint8_t one) { return one != 0; });
}

void GroupedCounts::collect(const RowBlock& block, std::int64_t row_in_block, std::vector<std::uint32_t>& group,
                            std::vector<double>& value) const {
  group.clear();
  value.clear();
  const auto add = [&](std::size_t channel, double counts) {
    const std::uint32_t to = groups_.of_channel[channel];
    if (!group.empty() && group.back() == to) {
      value.back() += counts;
    } else {
      group.push_back(to);
      value.push_back(counts);
    }
  };
  if (block.sparse) {
    const auto end = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(row_in_block) + 1]);
    for (auto i = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(row_in_block)]); i < end; ++i) {
      add(block.channel[i], static_cast<double>(block.value[i]));
    }
  } else {
    const auto columns = static_cast<std::size_t>(rows_.columns());
    const double* row = block.dense.data() + static_cast<std::size_t>(row_in_block) * columns;
    for (std::size_t c = 0; c < columns; ++c) {
      if (row[c] > 0) add(c, row[c]);
    }
  }
  if (dispersion_ != 1.0) {
    for (double& one : value) one /= dispersion_;
  }
}

void GroupedCounts::thin(std::int64_t row, Part part, std::vector<std::uint32_t>& group,
                         std::vector<double>& value) const {
  Random random(part.seed, "unmix.phases count splitting", static_cast<std::uint64_t>(row));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const double first = half_of(value[i], thin_integers_, random);
    const double mine = part.which == Part::first ? first : value[i] - first;
    if (!(mine > 0)) continue;
    group[kept] = group[i];
    value[kept++] = mine;
  }
  group.resize(kept);
  value.resize(kept);
}

double measure_dispersion(const GroupedCounts& data, const std::vector<double>& row_sum, std::int64_t line,
                          Context& context) {
  const Partitions& partitions = data.rows().partitions();
  std::vector<double> ratio(static_cast<std::size_t>(data.rows().rows()), -1.0);
  Executor executor(context);
  executor.for_each_chunk("measuring the noise", partitions, [&](std::int64_t partition, RowRange) {
    std::vector<double> left(data.groups(), 0.0), right(data.groups(), 0.0);
    std::int64_t previous = -2;
    data.visit(partition, {}, [&](std::int64_t row, std::span<const std::uint32_t> group, std::span<const double> y) {
      std::fill(right.begin(), right.end(), 0.0);
      for (std::size_t i = 0; i < group.size(); ++i) right[group[i]] = y[i];
      if (previous == row - 1 && row % line != 0) {
        const double p = row_sum[static_cast<std::size_t>(previous)], q = row_sum[static_cast<std::size_t>(row)];
        const double share = p / (p + q);
        double squares = 0, variance = 0, variance_squares = 0;
        for (std::size_t g = 0; g < right.size(); ++g) {
          const double both = left[g] + right[g];
          const double f = left[g] - share * both;
          squares += f * f;
          const double expected = share * (1 - share) * both;
          variance += expected;
          variance_squares += expected * expected;
        }
        if (variance > 0) {
          // The median of a χ² of ν degrees of freedom is ν (1 − 2/(9ν))³ (Wilson and Hilferty).
          const double freedom = variance * variance / variance_squares;
          ratio[static_cast<std::size_t>(row)] = squares / variance / std::pow(1 - 2 / (9 * freedom), 3);
        }
      }
      std::swap(left, right);
      previous = row;
    });
  });
  executor.gather(partitions, 1, std::span(ratio));
  std::erase_if(ratio, [](double one) { return one < 0; });
  if (ratio.empty()) return 1.0;
  const auto middle = ratio.begin() + static_cast<std::ptrdiff_t>(ratio.size() / 2);
  std::nth_element(ratio.begin(), middle, ratio.end());
  return *middle;
}

}  // namespace ruska::ops::unmix
