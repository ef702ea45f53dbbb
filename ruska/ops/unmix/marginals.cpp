// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/marginals.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace ruska::ops::unmix {
namespace {

/// What one pass gathers, laid out as one array so that it travels between ranks: the column sums, then these.
enum Extra : std::size_t { fractional, first_negative, first_not_finite, extras };
constexpr double nowhere = std::numeric_limits<double>::infinity();

void note(double value, double place, double* extra) {
  if (!std::isfinite(value)) extra[first_not_finite] = std::min(extra[first_not_finite], place);
  if (value < 0) extra[first_negative] = std::min(extra[first_negative], place);
  if (value != std::floor(value)) extra[fractional] = 1;
}

/// Whether `note` would note any of the values, which have this sum: most rows hold nothing of the kind.
bool remarkable(std::span<const double> values, double sum, bool fractions_count) {
  bool negative = false;
  for (const double value : values) negative |= value < 0;
  if (!std::isfinite(sum) || negative) return true;
  return fractions_count && std::ranges::any_of(values, [](double value) { return value != std::floor(value); });
}

constexpr std::int64_t rows_at_once = 4;  // whose sums do not wait for each other

void sum_rows(const double* rows, std::size_t count, std::size_t columns, std::array<double, rows_at_once>& sums) {
  sums.fill(0);
  if (count < rows_at_once) {
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t c = 0; c < columns; ++c) sums[r] += rows[r * columns + c];
    }
    return;
  }
  double a = 0, b = 0, c = 0, d = 0;
  for (std::size_t column = 0; column < columns; ++column) {
    a += rows[column];
    b += rows[columns + column];
    c += rows[2 * columns + column];
    d += rows[3 * columns + column];
  }
  sums = {a, b, c, d};
}

}  // namespace

Marginals marginals(const Rows& data, Context& context) {
  const auto columns = static_cast<std::size_t>(data.columns());
  Marginals result;
  result.row_sum.assign(static_cast<std::size_t>(data.rows()), 0.0);

  const std::vector<double> gathered = Executor(context).reduce<std::vector<double>>(
      "summing positions and channels", data.partitions(),
      [&] {
        std::vector<double> partial(columns + extras, 0.0);
        partial[columns + first_negative] = partial[columns + first_not_finite] = nowhere;
        return partial;
      },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        double* extra = partial.data() + columns;
        std::array<double, rows_at_once> sums{};
        for (std::int64_t r = 0; r < range.size(); ++r) {
          const std::int64_t row = range.begin + r;
          const double start = static_cast<double>(row) * static_cast<double>(columns);
          double sum = 0;
          if (block->sparse) {
            const auto end = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r) + 1]);
            for (auto i = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r)]); i < end; ++i) {
              const double value = static_cast<double>(block->value[i]);
              note(value, start + block->channel[i], extra);
              sum += value;
              partial[block->channel[i]] += value;
            }
          } else {
            const double* dense = block->dense.data() + static_cast<std::size_t>(r) * columns;
            if (r % rows_at_once == 0) {
              const auto count = std::min<std::int64_t>(rows_at_once, range.size() - r);
              sum_rows(dense, static_cast<std::size_t>(count), columns, sums);
            }
            sum = sums[r % rows_at_once];
            for (std::size_t column = 0; column < columns; ++column) partial[column] += dense[column];
            if (remarkable(std::span(dense, columns), sum, extra[fractional] == 0)) {
              for (std::size_t column = 0; column < columns; ++column) {
                note(dense[column], start + static_cast<double>(column), extra);
              }
            }
          }
          result.row_sum[static_cast<std::size_t>(row)] = sum;
        }
      },
      [&](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < columns; ++i) left[i] += right[i];
        double* into = left.data() + columns;
        const double* from = right.data() + columns;
        into[fractional] = std::max(into[fractional], from[fractional]);
        into[first_negative] = std::min(into[first_negative], from[first_negative]);
        into[first_not_finite] = std::min(into[first_not_finite], from[first_not_finite]);
      });
  Executor(context).gather(data.partitions(), 1, std::span(result.row_sum));

  const double* extra = gathered.data() + columns;
  if (extra[first_not_finite] != nowhere) {
    const auto place = static_cast<std::int64_t>(extra[first_not_finite]);
    throw Error(ErrorKind::bad_data,
                "the value at " + place_of(data.data().describe(), place / data.columns(), place % data.columns()) +
                    " is not finite; leave such positions or channels out with a mask, or repair the data");
  }
  result.column_sum.assign(gathered.begin(), gathered.begin() + static_cast<std::ptrdiff_t>(columns));
  for (const double sum : result.column_sum) result.total += sum;
  if (extra[first_negative] != nowhere) result.first_negative = static_cast<std::int64_t>(extra[first_negative]);
  result.counts = extra[fractional] == 0 && result.first_negative < 0;
  for (std::int64_t row = 0; row < data.rows(); ++row) result.rows_left_in += data.row_masked(row) ? 0 : 1;
  for (std::int64_t c = 0; c < data.columns(); ++c) result.columns_left_in += data.column_masked(c) ? 0 : 1;
  return result;
}

std::string place_of(const Description& description, std::int64_t row, std::int64_t column) {
  std::string place;
  std::int64_t rest_of_row = row, rest_of_column = column;
  for (std::size_t i = description.axes.size(); i-- > 0;) {
    const Axis& axis = description.axes[i];
    std::int64_t& rest = axis.role == Role::navigation ? rest_of_row : rest_of_column;
    const std::string name = axis.name.empty() ? "axis " + std::to_string(i) : axis.name;
    const std::string one = name + " " + std::to_string(rest % axis.size);
    rest /= axis.size;
    place = place.empty() ? one : one + ", " + place;
  }
  return "(" + place + ")";
}

void require_not_negative(const Rows& data, const Marginals& marginals, const std::string& what_needs_it) {
  if (marginals.first_negative < 0) return;
  const std::int64_t row = marginals.first_negative / data.columns();
  const std::int64_t column = marginals.first_negative % data.columns();
  throw Error(ErrorKind::invalid_argument,
              "the value at " + place_of(data.data().describe(), row, column) + " is negative, and " + what_needs_it +
                  " needs values ≥ 0; subtract no background before it, or mask such positions or channels");
}

std::vector<double> poisson_weights(const std::vector<double>& sums) {
  std::vector<double> weights(sums.size(), 0.0);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i] > 0) weights[i] = 1 / std::sqrt(sums[i]);
  }
  return weights;
}

bool weights_for_poisson(const std::string& weighting, const Rows& data, const Marginals& marginals) {
  if (weighting == "none") return false;
  if (weighting == "auto") return marginals.counts;
  require_not_negative(data, marginals, "Poisson weighting");
  return true;
}

}  // namespace ruska::ops::unmix
