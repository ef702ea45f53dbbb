// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/denoise/tensor_svd/streamed_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include <cblas.h>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::denoise {
namespace {

// A partial result of a transposed product is read and written once per partition: partitions of fewer rows than the
// product has columns would spend their time there.
constexpr std::int64_t fewest_rows = 128;
constexpr std::int64_t partition_bytes = std::int64_t{2} << 20;

// Partitions are multiplied in blocks of columns, so that a block in float32 and its product stay in the L2 cache.
constexpr std::int64_t block_columns = 1024;

constexpr double largest_magnitude = 1e30;
constexpr std::size_t lanes = 8;  // independent sums that the compiler may keep in vector registers

Description as_matrix(Description description, std::size_t row_axes) {
  for (std::size_t a = 0; a < description.axes.size(); ++a) {
    description.axes[a].role = a < row_axes ? Role::navigation : Role::signal;
  }
  return description;
}

std::int64_t bytes_per_row(const Description& matrix) {
  return matrix.signal_size() * static_cast<std::int64_t>(size_of(matrix.dtype));
}

Partitions partitions_for(const Description& matrix) {
  return {matrix.navigation_size(), std::min(bytes_per_row(matrix), partition_bytes / fewest_rows)};
}

void add(std::vector<double>& left, const std::vector<double>& right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
}

/// What the totals' pass gathers behind the column sums, so that it travels between ranks as one array.
enum Extra : std::size_t { sum_of_squares, fraction, least, largest, first_not_finite, extras };
constexpr double nowhere = std::numeric_limits<double>::infinity();

/// Adds one row to the column sums and the extras; returns its sum.
template <class T>
double add_row(const T* row, std::size_t columns, double* column_sum, double* extra) {
  constexpr double to_whole = 6755399441055744.0;  // 1.5 · 2⁵²: adding it rounds to an integer
  double sum[lanes] = {}, squares[lanes] = {}, off[lanes] = {}, low[lanes] = {}, high[lanes] = {};
  const auto take = [&](std::size_t lane, std::size_t column) {
    const auto value = static_cast<double>(row[column]);
    column_sum[column] += value;
    sum[lane] += value;
    squares[lane] += value * value;
    if constexpr (!std::is_integral_v<T>) {
      off[lane] += std::abs(((value + to_whole) - to_whole) - value);
      high[lane] = value > high[lane] ? value : high[lane];
    }
    if constexpr (!std::is_unsigned_v<T>) low[lane] = value < low[lane] ? value : low[lane];
  };
  std::size_t column = 0;
  for (; column + lanes <= columns; column += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) take(lane, column + lane);
  }
  for (; column < columns; ++column) take(column % lanes, column);
  for (std::size_t lane = 1; lane < lanes; ++lane) {
    sum[0] += sum[lane];
    squares[0] += squares[lane];
    off[0] += off[lane];
    low[0] = std::min(low[0], low[lane]);
    high[0] = std::max(high[0], high[lane]);
  }
  extra[sum_of_squares] += squares[0];
  extra[fraction] = off[0] != 0 ? 1.0 : extra[fraction];
  extra[least] = std::min(extra[least], low[0]);
  extra[largest] = std::max(extra[largest], high[0]);
  return sum[0];
}

}  // namespace

/// Memory that partitions have done with, kept for the next one: fresh pages would cost as much as the work.
struct StreamedMatrix::Buffers {
  std::mutex mutex;
  std::vector<std::vector<std::byte>> free;

  std::vector<std::byte> take(std::size_t size) {
    std::vector<std::byte> buffer;
    {
      const std::lock_guard lock(mutex);
      if (!free.empty()) {
        buffer = std::move(free.back());
        free.pop_back();
      }
    }
    if (buffer.size() < size) buffer = std::vector<std::byte>(size);
    return buffer;
  }
  void give(std::vector<std::byte>&& buffer) {
    const std::lock_guard lock(mutex);
    free.push_back(std::move(buffer));
  }
};

StreamedMatrix::StreamedMatrix(Dataset data, std::size_t row_axes)
    : data_(std::move(data)),
      matrix_(as_matrix(data_.describe(), row_axes)),
      columns_(matrix_.signal_size()),
      partitions_(partitions_for(matrix_)),
      buffers_(std::make_unique<Buffers>()) {
  if (is_complex(matrix_.dtype)) {
    throw Error(ErrorKind::invalid_argument, "'" + matrix_.title + "' is complex, where real values are needed");
  }
}

StreamedMatrix::~StreamedMatrix() = default;

template <class Work>
void StreamedMatrix::with_values(RowRange range, const Work& work) const {
  visit_dtype(matrix_.dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      const std::vector<Region> regions = regions_of_rows(matrix_, range);
      if (regions.size() == 1) {
        const std::span<const std::byte> view = data_.source().view(regions[0]);
        if (!view.empty() && reinterpret_cast<std::uintptr_t>(view.data()) % alignof(T) == 0) {
          work(reinterpret_cast<const T*>(view.data()));
          return;
        }
      }
      std::vector<std::byte> buffer = buffers_->take(static_cast<std::size_t>(range.size() * columns_) * sizeof(T));
      std::size_t done = 0;
      with_context(
          [&] {
            return "reading rows " + std::to_string(range.begin) + " to " + std::to_string(range.end) + " of '" +
                   matrix_.title + "'";
          },
          [&] {
            for (const Region& region : regions) {
              const std::size_t bytes = static_cast<std::size_t>(region.count()) * sizeof(T);
              data_.source().read(region, std::span(buffer).subspan(done, bytes));
              done += bytes;
            }
          });
      work(reinterpret_cast<const T*>(buffer.data()));
      buffers_->give(std::move(buffer));
    }
  });
}

template <class Work>
void StreamedMatrix::for_each_block(RowRange range, const Work& work) const {
  with_values(range, [&]<class T>(const T* values) {
    if constexpr (std::is_same_v<T, float>) {
      for (std::int64_t first = 0; first < columns_; first += block_columns) {
        work(values + first, columns_, first, std::min(block_columns, columns_ - first));
      }
    } else {
      const std::int64_t widest = std::min(block_columns, columns_);
      std::vector<std::byte> buffer = buffers_->take(static_cast<std::size_t>(range.size() * widest) * sizeof(float));
      auto* floats = reinterpret_cast<float*>(buffer.data());
      for (std::int64_t first = 0; first < columns_; first += block_columns) {
        const std::int64_t width = std::min(block_columns, columns_ - first);
        for (std::int64_t r = 0; r < range.size(); ++r) {
          const T* row = values + r * columns_ + first;
          float* out = floats + r * width;
          for (std::int64_t c = 0; c < width; ++c) out[c] = static_cast<float>(row[c]);
        }
        work(static_cast<const float*>(floats), width, first, width);
      }
      buffers_->give(std::move(buffer));
    }
  });
}

MatrixTotals StreamedMatrix::totals(Context& context) const {
  const auto columns = static_cast<std::size_t>(columns_);
  MatrixTotals result;
  result.row_sum.assign(static_cast<std::size_t>(rows()), 0.0);
  const std::vector<double> gathered = Executor(context).reduce<std::vector<double>>(
      "summing", partitions_,
      [&] {
        std::vector<double> partial(columns + extras, 0.0);
        partial[columns + first_not_finite] = nowhere;
        return partial;
      },
      [&](std::vector<double>& partial, std::int64_t, RowRange range) {
        with_values(range, [&]<class T>(const T* values) {
          double* extra = partial.data() + columns;
          for (std::int64_t r = 0; r < range.size(); ++r) {
            const T* row = values + static_cast<std::size_t>(r) * columns;
            const double sum = add_row(row, columns, partial.data(), extra);
            result.row_sum[static_cast<std::size_t>(range.begin + r)] = sum;
            if (std::isfinite(sum)) continue;
            for (std::size_t c = 0; c < columns; ++c) {
              if (std::isfinite(static_cast<double>(row[c]))) continue;
              const double place = static_cast<double>(range.begin + r) * static_cast<double>(columns);
              extra[first_not_finite] = std::min(extra[first_not_finite], place + static_cast<double>(c));
              break;
            }
          }
        });
      },
      [&](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t c = 0; c <= columns; ++c) left[c] += right[c];  // the column sums and the sum of squares
        double* into = left.data() + columns;
        const double* from = right.data() + columns;
        into[fraction] = std::max(into[fraction], from[fraction]);
        into[least] = std::min(into[least], from[least]);
        into[largest] = std::max(into[largest], from[largest]);
        into[first_not_finite] = std::min(into[first_not_finite], from[first_not_finite]);
      });
  Executor(context).gather(partitions_, 1, std::span(result.row_sum));
  const double* extra = gathered.data() + columns;
  if (extra[first_not_finite] != nowhere) {
    const Description& description = data_.describe();
    const auto place = static_cast<std::int64_t>(extra[first_not_finite]);
    throw Error(ErrorKind::bad_data,
                "the value at " +
                    unmix::place_of(description, place / description.signal_size(), place % description.signal_size()) +
                    " is not finite; repair the data or cut it out");
  }
  const double magnitude = std::max(extra[largest], -extra[least]);
  if (magnitude > largest_magnitude) {
    throw Error(ErrorKind::invalid_argument, "the largest magnitude of '" + matrix_.title + "' is " +
                                                 std::to_string(magnitude) +
                                                 ", and single precision allows 1e30; scale the data");
  }
  result.column_sum.assign(gathered.begin(), gathered.begin() + static_cast<std::ptrdiff_t>(columns));
  for (const double sum : result.column_sum) result.sum += sum;
  result.sum_of_squares = extra[sum_of_squares];
  result.counts = extra[fraction] == 0 && extra[least] >= 0;
  return result;
}

double StreamedMatrix::weighted_sum_of_squares(const std::vector<double>& row_weight,
                                               const std::vector<double>& column_weight, Context& context) const {
  const auto columns = static_cast<std::size_t>(columns_);
  return Executor(context).reduce<std::vector<double>>(
      "summing squares", partitions_, [] { return std::vector<double>(1, 0.0); },
      [&](std::vector<double>& partial, std::int64_t, RowRange range) {
        with_values(range, [&]<class T>(const T* values) {
          for (std::int64_t r = 0; r < range.size(); ++r) {
            const T* row = values + static_cast<std::size_t>(r) * columns;
            double sum = 0;
            for (std::size_t c = 0; c < columns; ++c) {
              const double value = static_cast<double>(row[c]) * column_weight[c];
              sum += value * value;
            }
            const double weight = row_weight[static_cast<std::size_t>(range.begin + r)];
            partial[0] += weight * weight * sum;
          }
        });
      },
      [](std::vector<double>& left, std::vector<double>&& right) { add(left, right); })[0];
}

std::vector<double> StreamedMatrix::times(const std::vector<float>& vectors, std::int64_t count,
                                          Context& context) const {
  std::vector<double> product(static_cast<std::size_t>(rows() * count));
  Executor executor(context);
  executor.for_each_chunk("projecting rows", partitions_, [&](std::int64_t, RowRange range) {
    std::vector<float> part(static_cast<std::size_t>(range.size() * count));
    for_each_block(range, [&](const float* values, std::int64_t stride, std::int64_t first, std::int64_t width) {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(range.size()), static_cast<int>(count),
                  static_cast<int>(width), 1.0f, values, static_cast<int>(stride), vectors.data() + first,
                  static_cast<int>(columns_), first == 0 ? 0.0f : 1.0f, part.data(), static_cast<int>(count));
    });
    std::copy(part.begin(), part.end(), product.begin() + static_cast<std::ptrdiff_t>(range.begin * count));
  });
  executor.gather(partitions_, count, std::span(product));
  return product;
}

std::vector<double> StreamedMatrix::transposed_times(const std::vector<float>& vectors, std::int64_t count,
                                                     Context& context) const {
  const auto size = static_cast<std::size_t>(count * columns_);
  return Executor(context).reduce<std::vector<double>>(
      "projecting columns", partitions_, [&] { return std::vector<double>(size, 0.0); },
      [&](std::vector<double>& sums, std::int64_t, RowRange range) {
        std::vector<float> part(static_cast<std::size_t>(count * std::min(block_columns, columns_)));
        for_each_block(range, [&](const float* values, std::int64_t stride, std::int64_t first, std::int64_t width) {
          cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, static_cast<int>(count), static_cast<int>(width),
                      static_cast<int>(range.size()), 1.0f, vectors.data() + range.begin * count,
                      static_cast<int>(count), values, static_cast<int>(stride), 0.0f, part.data(),
                      static_cast<int>(width));
          for (std::int64_t k = 0; k < count; ++k) {
            double* sum = sums.data() + k * columns_ + first;
            const float* from = part.data() + k * width;
            for (std::int64_t c = 0; c < width; ++c) sum[c] += static_cast<double>(from[c]);
          }
        });
      },
      [](std::vector<double>& left, std::vector<double>&& right) { add(left, right); });
}

std::int64_t StreamedMatrix::bytes_per_worker(const Description& description, std::size_t row_axes,
                                              std::int64_t count) {
  const Description matrix = as_matrix(description, row_axes);
  const std::int64_t rows = partitions_for(matrix).largest(), columns = matrix.signal_size();
  // The stored values and a block of them in float32, in buffers that are handed on in any order, so that each may grow
  // to the larger; the product in float32; two partial results.
  const std::int64_t width = std::min(block_columns, columns);
  const std::int64_t buffer = std::max(bytes_per_row(matrix) * rows, rows * width * 4);
  return 2 * buffer + 2 * (count * columns + extras) * 8 + count * std::max(rows, width) * 4;
}

std::int64_t StreamedMatrix::bytes_of_merging(const Description& description, std::size_t row_axes,
                                              std::int64_t count) {
  constexpr std::int64_t depth = 6;  // of the tree over at most 32 leaves, its root included
  return depth * (count * as_matrix(description, row_axes).signal_size() + extras) * 8;
}

}  // namespace ruska::ops::denoise
