// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::unmix {

/// Neighbouring channels that are added up: fewer numbers to fit, and none of them almost always zero.
struct ChannelGroups {
  std::vector<std::uint32_t> of_channel;  ///< group of each channel
  std::size_t count = 0;
};
/// At most `most` groups of neighbours, each with at least `least_counts`.
ChannelGroups group_channels(const std::vector<double>& column_sum, std::size_t most, double least_counts);

/// Which counts a pass sees: all, or one of two independent halves. Each count falls into either half with equal
/// chance; of independent Poisson counts the halves are independent Poisson counts again.
struct Part {
  enum Which { whole, first, second } which = whole;
  std::uint64_t seed = 0;
};

/// A dataset as counts in groups of channels, read row by row, with the rows that are left out skipped.
///
/// Data whose variance is g times their mean are divided by g, so that they behave as counts. Halves of data that are
/// no integers are drawn from the normal law of the same mean and variance.
class GroupedCounts {
 public:
  /// `used` has one byte per row, zero for rows to skip.
  GroupedCounts(const Rows& rows, ChannelGroups groups, std::vector<std::uint8_t> used);

  const Rows& rows() const { return rows_; }
  std::size_t groups() const { return groups_.count; }
  const ChannelGroups& channel_groups() const { return groups_; }
  const std::vector<std::uint8_t>& used() const { return used_; }
  std::int64_t used_rows() const { return used_rows_; }
  /// Variance over mean; the values that `visit` gives are divided by it.
  double dispersion() const { return dispersion_; }
  void set_dispersion(double dispersion, bool integers) {
    dispersion_ = dispersion;
    thin_integers_ = integers && dispersion == 1.0;
  }

  /// Calls `action(row, groups, values)` for every used row of a partition; groups rise, values are > 0.
  template <class Action>
  void visit(std::int64_t partition, Part part, Action&& action) const {
    const auto block = rows_.block(partition);
    std::vector<std::uint32_t> group;
    std::vector<double> value;
    for (std::int64_t r = 0; r < block->range.size(); ++r) {
      const std::int64_t row = block->range.begin + r;
      if (used_[static_cast<std::size_t>(row)] == 0) continue;
      collect(*block, r, group, value);
      if (part.which != Part::whole) thin(row, part, group, value);
      action(row, std::span<const std::uint32_t>(group), std::span<const double>(value));
    }
  }

 private:
  void collect(const RowBlock& block, std::int64_t row_in_block, std::vector<std::uint32_t>& group,
               std::vector<double>& value) const;
  void thin(std::int64_t row, Part part, std::vector<std::uint32_t>& group, std::vector<double>& value) const;

  const Rows& rows_;
  ChannelGroups groups_;
  std::vector<std::uint8_t> used_;
  std::int64_t used_rows_ = 0;
  double dispersion_ = 1.0;
  bool thin_integers_ = true;
};

/// Variance over mean of the noise, from pairs of neighbours on a line: for Poisson counts y_p, y_q of one spectrum
/// with sums n_p, n_q, f = y_p − n_p/(n_p+n_q)·(y_p+y_q) has the variance n_p·n_q/(n_p+n_q)²·(y_p+y_q). The median over
/// pairs of Σf²/Σvariance does not mind the pairs that lie across a boundary. 1 when there are no pairs.
double measure_dispersion(const GroupedCounts& data, const std::vector<double>& row_sum, std::int64_t line,
                          Context& context);

}  // namespace ruska::ops::unmix
