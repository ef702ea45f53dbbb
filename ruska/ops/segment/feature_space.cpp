// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/feature_space.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::segment {
namespace {

bool is_stack_of_maps(const Description& data, const std::string& layout) {
  if (layout != "auto") return layout == "maps";
  return data.navigation_shape().size() == 1 && data.axes.front().name == "component";
}

/// Calls visit(channel, value) for every value of a row that may differ from zero.
template <class Visit>
void for_each_value(const RowBlock& block, std::int64_t row, std::int64_t columns, const Visit& visit) {
  if (!block.sparse) {
    const double* dense = block.dense.data() + row * columns;
    for (std::int64_t c = 0; c < columns; ++c) visit(static_cast<std::size_t>(c), dense[c]);
    return;
  }
  const auto end = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(row) + 1]);
  for (auto i = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(row)]); i < end; ++i) {
    visit(static_cast<std::size_t>(block.channel[i]), static_cast<double>(block.value[i]));
  }
}

void add(std::vector<double>& left, const std::vector<double>& right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
}

/// Σ_i row_factor · value over the rows in use, per channel.
std::vector<double> sums_of_shares(const Rows& rows, const FeatureSpace& space, Context& context) {
  const auto columns = static_cast<std::size_t>(rows.columns());
  return Executor(context).reduce<std::vector<double>>(
      "averaging shares", rows.partitions(), [&] { return std::vector<double>(columns, 0.0); },
      [&](std::vector<double>& sum, std::int64_t partition, RowRange range) {
        const auto block = rows.block(partition);
        for (std::int64_t r = 0; r < range.size(); ++r) {
          const double factor = space.row_factor[static_cast<std::size_t>(range.begin + r)];
          for_each_value(*block, r, rows.columns(), [&](std::size_t c, double value) { sum[c] += factor * value; });
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) { add(left, right); });
}

/// Σ_i (value − mean)² over the rows in use, per channel.
std::vector<double> squares_about(const std::vector<double>& mean, const Rows& rows, const FeatureSpace& space,
                                  Context& context) {
  const auto columns = static_cast<std::size_t>(rows.columns());
  std::vector<double> squares = Executor(context).reduce<std::vector<double>>(
      "measuring the spread of channels", rows.partitions(), [&] { return std::vector<double>(columns + 1, 0.0); },
      [&](std::vector<double>& sum, std::int64_t partition, RowRange range) {
        const auto block = rows.block(partition);
        for (std::int64_t r = 0; r < range.size(); ++r) {
          if (space.row_weight[static_cast<std::size_t>(range.begin + r)] == 0) continue;
          // What is zero in a sparse row adds mean²: added once for all rows below, and taken back here.
          if (block->sparse) sum[columns] += 1;
          for_each_value(*block, r, rows.columns(), [&](std::size_t c, double value) {
            const double off = value - mean[c];
            sum[c] += block->sparse ? off * off - mean[c] * mean[c] : off * off;
          });
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) { add(left, right); });
  for (std::size_t c = 0; c < columns; ++c) squares[c] += squares[columns] * mean[c] * mean[c];
  squares.pop_back();
  return squares;
}

}  // namespace

Description positions_description(const Description& data, const std::string& layout) {
  if (!is_stack_of_maps(data, layout)) return data;
  if (data.navigation_shape().size() != 1) {
    throw Error(ErrorKind::invalid_argument,
                "layout 'maps' needs one navigation axis, which counts the maps; '" + data.title + "' has " +
                    std::to_string(data.navigation_shape().size()) + "; use layout 'spectra'");
  }
  Description turned;
  turned.title = data.title;
  turned.dtype = DType::float64;
  turned.metadata = data.metadata;
  for (const Axis& axis : data.axes) {
    if (axis.role == Role::navigation) continue;
    turned.axes.push_back(axis);
    turned.axes.back().role = Role::navigation;
  }
  turned.axes.push_back(data.axes.front());
  turned.axes.back().role = Role::signal;
  return turned;
}

Dataset as_positions(const Dataset& data, const std::string& layout) {
  const Description& stack = data.describe();
  if (!is_stack_of_maps(stack, layout)) return data;
  Description turned = positions_description(stack, layout);
  const auto features = static_cast<std::size_t>(stack.navigation_size());
  const auto positions = static_cast<std::size_t>(stack.signal_size());
  std::vector<double> values(features * positions);
  for (std::size_t f = 0; f < features; ++f) {
    Region one = Region::whole(stack.shape());
    one.start.front() = static_cast<std::int64_t>(f);
    one.shape.front() = 1;
    const std::vector<double> map = data.read_as_double(one);
    for (std::size_t p = 0; p < positions; ++p) values[p * features + f] = map[p];
  }
  return Dataset(Dataset::from_values<double>(std::move(turned), values).shared_source(), data.origin());
}

std::int64_t as_positions_memory(const Description& data, const std::string& layout) {
  if (!is_stack_of_maps(data, layout)) return 0;
  return 2 * 8 * count(data.shape()) + 8 * data.signal_size();
}

FeatureSpace feature_space(const Rows& rows, const std::string& normalization, Context& context) {
  const unmix::Marginals sums = unmix::marginals(rows, context);
  if (sums.rows_left_in == 0 || sums.columns_left_in == 0) {
    throw Error(ErrorKind::invalid_argument, "the masks leave out every position or every channel");
  }
  const auto too_large = [](double value) { return !(std::abs(value) < 1e140); };
  if (std::any_of(sums.row_sum.begin(), sums.row_sum.end(), too_large) ||
      std::any_of(sums.column_sum.begin(), sums.column_sum.end(), too_large)) {
    throw Error(ErrorKind::invalid_argument, "the values of '" + rows.data().describe().title +
                                                 "' are too large for squared distances; scale them down");
  }
  FeatureSpace space;
  space.normalization = normalization != "auto"             ? normalization
                        : sums.counts && rows.columns() > 1 ? "poisson"
                                                            : "none";
  const bool shares = space.normalization == "poisson" || space.normalization == "unit_sum";
  if (shares) unmix::require_not_negative(rows, sums, "normalization '" + space.normalization + "'");

  const auto positions = static_cast<std::size_t>(rows.rows()), columns = static_cast<std::size_t>(rows.columns());
  space.row_factor.assign(positions, 0.0);
  space.row_weight.assign(positions, 0.0);
  for (std::size_t p = 0; p < positions; ++p) {
    if (rows.row_masked(static_cast<std::int64_t>(p)) || (shares && sums.row_sum[p] <= 0)) continue;
    space.row_factor[p] = shares ? 1 / sums.row_sum[p] : 1.0;
    space.row_weight[p] = space.normalization == "poisson" ? sums.row_sum[p] : 1.0;
    space.total_weight += space.row_weight[p];
    ++space.rows_in_use;
  }
  if (space.rows_in_use == 0) {
    throw Error(ErrorKind::invalid_argument, "every position is empty, so that normalization '" + space.normalization +
                                                 "' has no shares to compare");
  }
  const double number = static_cast<double>(space.rows_in_use);

  space.column_factor.assign(columns, 0.0);
  space.mean.assign(columns, 0.0);
  for (std::size_t c = 0; c < columns; ++c) {
    if (rows.column_masked(static_cast<std::int64_t>(c))) continue;
    space.column_factor[c] = 1.0;
    space.mean[c] = sums.column_sum[c] / number;
  }
  if (space.normalization == "poisson") {
    const double mean_share = 1 / static_cast<double>(sums.columns_left_in);
    for (std::size_t c = 0; c < columns; ++c) {
      const double share = sums.column_sum[c] / sums.total;
      space.column_factor[c] = share > 0 ? 1 / std::sqrt(share + mean_share) : 0.0;
      space.mean[c] = share * space.column_factor[c];
      space.degrees_of_freedom += share * (1 - share) * space.column_factor[c] * space.column_factor[c];
    }
  } else if (space.normalization == "unit_sum") {
    const std::vector<double> total = sums_of_shares(rows, space, context);
    for (std::size_t c = 0; c < columns; ++c) space.mean[c] = total[c] / number;
  } else if (space.normalization == "standardize") {
    const std::vector<double> squares = squares_about(space.mean, rows, space, context);
    for (std::size_t c = 0; c < columns; ++c) {
      const double variance = squares[c] / number;
      // A spread at the level of rounding is none.
      const bool constant = variance <= 1e-24 * space.mean[c] * space.mean[c];
      space.column_factor[c] = constant || space.column_factor[c] == 0 ? 0.0 : 1 / std::sqrt(variance);
      space.mean[c] *= space.column_factor[c];
    }
  }
  space.columns_in_use =
      std::count_if(space.column_factor.begin(), space.column_factor.end(), [](double factor) { return factor != 0; });
  return space;
}

std::vector<double> squared_deviations(const Rows& rows, const FeatureSpace& space, Context& context) {
  std::vector<double> deviation(static_cast<std::size_t>(rows.rows()), 0.0);
  double mean_square = 0;
  for (const double mean : space.mean) mean_square += mean * mean;
  Executor executor(context);
  executor.for_each_chunk("measuring distances", rows.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto block = rows.block(partition);
    for (std::int64_t r = 0; r < range.size(); ++r) {
      const auto row = static_cast<std::size_t>(range.begin + r);
      if (space.row_weight[row] == 0) continue;
      double sum = block->sparse ? mean_square : 0.0;
      for_each_value(*block, r, rows.columns(), [&](std::size_t c, double value) {
        const double feature = value * space.row_factor[row] * space.column_factor[c];
        const double off = feature - space.mean[c];
        sum += block->sparse ? off * off - space.mean[c] * space.mean[c] : off * off;
      });
      deviation[row] = std::max(0.0, sum);
      if (!std::isfinite(sum)) deviation[row] = sum;
    }
  });
  executor.gather(rows.partitions(), 1, std::span(deviation));
  for (std::size_t row = 0; row < deviation.size(); ++row) {
    if (std::isfinite(deviation[row]) && deviation[row] < 1e280) continue;
    throw Error(ErrorKind::invalid_argument, "the squared distances of '" + rows.data().describe().title +
                                                 "' overflow: its values are too large; scale them down");
  }
  return deviation;
}

std::vector<double> features_of(const Dataset& data, const FeatureSpace& space,
                                const std::vector<std::int64_t>& positions) {
  const Description& description = data.describe();
  const auto columns = static_cast<std::size_t>(description.signal_size());
  std::vector<double> features(positions.size() * columns, 0.0);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto row = static_cast<std::size_t>(positions[i]);
    const std::vector<double> values =
        data.read_as_double(regions_of_rows(description, {positions[i], positions[i] + 1}).front());
    for (std::size_t c = 0; c < columns; ++c) {
      if (space.column_factor[c] == 0) continue;  // masked channels may hold anything
      features[i * columns + c] = values[c] * space.row_factor[row] * space.column_factor[c] - space.mean[c];
    }
  }
  return features;
}

}  // namespace ruska::ops::segment
