// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/partial_gram.hpp"

#include <algorithm>
#include <utility>

#include <cblas.h>

#include "ruska/core/executor.hpp"
#include "ruska/kernels/gram.hpp"

namespace ruska::ops::unmix {
namespace {

using kernels::packed_row;
using kernels::packed_size;

// Multiply-adds per element of the triangle from which on rows are summed up: a matrix of their own costs a handful of
// memory accesses per element.
constexpr std::size_t worthwhile = 4;
// Dense products run an order of magnitude faster than scattered ones, and memory no faster.
constexpr std::size_t dense_parts = 2;    // summed up from columns / dense_parts rows on
constexpr std::size_t sparse_parts = 16;  // or from columns² / sparse_parts nonzeros on, which bounds the memory

template <class T>
void append(std::vector<T>& left, const std::vector<T>& right) {
  left.insert(left.end(), right.begin(), right.end());
}

std::vector<std::byte> bytes_of(std::span<const double> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

LargeArray<double> numbers_of(std::span<const std::byte> bytes) {
  LargeArray<double> values(bytes.size() / sizeof(double));
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(values)).begin());
  return values;
}

}  // namespace

LargeArray<double> SpareBuffers::take(std::size_t size) {
  LargeArray<double> values;
  {
    const std::lock_guard lock(mutex_);
    // The smallest that is large enough, so that large ones stay for large needs.
    auto best = free_.end();
    for (auto one = free_.begin(); one != free_.end(); ++one) {
      if (one->capacity() >= size && (best == free_.end() || one->capacity() < best->capacity())) best = one;
    }
    if (best != free_.end()) {
      values = std::move(*best);
      free_.erase(best);
    }
  }
  values.resize(size);
  return values;
}

void SpareBuffers::give(LargeArray<double>&& values) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(values));
}

PartialGram::PartialGram(std::size_t columns, std::shared_ptr<SpareBuffers> spare, bool waits)
    : columns_(columns), spare_(std::move(spare)), waits_(waits) {}

double* PartialGram::more_dense_rows(std::size_t count) {
  dense_.push_back({.own = spare_->take(count * columns_)});
  dense_rows_ += count;
  return dense_.back().own.data();
}

void PartialGram::add_dense_rows(std::span<const double> rows, std::shared_ptr<const void> owner) {
  dense_rows_ += rows.size() / columns_;
  dense_.push_back({{}, rows, std::move(owner)});
}

void PartialGram::add_sparse_row(std::span<const std::uint32_t> channel, std::span<const double> value) {
  if (channel.empty()) return;
  channel_.insert(channel_.end(), channel.begin(), channel.end());
  value_.insert(value_.end(), value.begin(), value.end());
  row_start_.push_back(static_cast<std::int64_t>(channel_.size()));
  pairs_ += channel.size() * (channel.size() + 1) / 2;
}

void PartialGram::settle() {
  const bool enough = !waits_ || dense_rows_ * dense_parts >= columns_ ||
                      pairs_ >= worthwhile * packed_size(columns_) ||
                      channel_.size() * sparse_parts >= columns_ * columns_;
  if (enough) sum_up();
}

void PartialGram::sum_up() {
  const std::size_t n = columns_;
  if (packed_.empty() && !(channel_.empty() && dense_.empty())) {
    packed_ = spare_->take(packed_size(n));
    std::fill(packed_.begin(), packed_.end(), 0.0);
  }
  for (std::size_t r = 0; r + 1 < row_start_.size(); ++r) {
    const auto begin = static_cast<std::size_t>(row_start_[r]), end = static_cast<std::size_t>(row_start_[r + 1]);
    kernels::add_outer_product(std::span(channel_).subspan(begin, end - begin), value_.data() + begin, n,
                               packed_.data());
  }
  row_start_.assign(1, 0);
  channel_.clear();
  value_.clear();
  pairs_ = 0;
  if (dense_.empty()) return;
  LargeArray<double> square = spare_->take(n * n);
  double keep = 0;
  for (DenseRows& rows : dense_) {
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, static_cast<int>(n), static_cast<int>(rows.values().size() / n),
                1.0, rows.values().data(), static_cast<int>(n), keep, square.data(), static_cast<int>(n));
    keep = 1;
    if (!rows.owner) spare_->give(std::move(rows.own));
  }
  for (std::size_t i = 0; i < n; ++i) {
    double* row = packed_.data() + packed_row(n, i);
    for (std::size_t j = i; j < n; ++j) row[j] += square[i * n + j];
  }
  spare_->give(std::move(square));
  dense_.clear();
  dense_rows_ = 0;
}

void PartialGram::merge(PartialGram&& other) {
  extra += other.extra;
  if (packed_.empty()) {
    packed_ = std::move(other.packed_);
  } else if (!other.packed_.empty()) {
    for (std::size_t i = 0; i < packed_.size(); ++i) packed_[i] += other.packed_[i];
    spare_->give(std::move(other.packed_));
  }
  for (DenseRows& rows : other.dense_) dense_.push_back(std::move(rows));
  dense_rows_ += other.dense_rows_;
  const auto before = static_cast<std::int64_t>(channel_.size());
  for (std::size_t r = 1; r < other.row_start_.size(); ++r) row_start_.push_back(before + other.row_start_[r]);
  append(channel_, other.channel_);
  append(value_, other.value_);
  pairs_ += other.pairs_;
  settle();
}

LargeArray<double> PartialGram::finish() {
  sum_up();
  if (packed_.empty()) return LargeArray<double>(columns_ * columns_, 0.0);
  LargeArray<double> square = spare_->take(columns_ * columns_);
  for (std::size_t i = 0; i < columns_; ++i) {
    const double* row = packed_.data() + packed_row(columns_, i);
    for (std::size_t j = i; j < columns_; ++j) square[i * columns_ + j] = row[j];
  }
  packed_.clear();
  packed_.shrink_to_fit();
  return square;
}

std::vector<std::byte> PartialGram::pack() const {
  std::vector<std::vector<std::byte>> parts{
      Transport<std::vector<std::size_t>>::pack(
          {columns_, dense_rows_, pairs_, waits_ ? std::size_t{1} : std::size_t{0}}),
      Transport<std::vector<double>>::pack({extra}),
      bytes_of(packed_),
      Transport<std::vector<std::int64_t>>::pack(row_start_),
      Transport<std::vector<std::uint32_t>>::pack(channel_),
      Transport<std::vector<double>>::pack(value_),
  };
  for (const DenseRows& rows : dense_) parts.push_back(bytes_of(rows.values()));
  return detail::frame(parts);
}

PartialGram PartialGram::unpack(std::span<const std::byte> bytes) {
  const std::vector<std::vector<std::byte>> parts = detail::unframe(bytes);
  const auto sizes = Transport<std::vector<std::size_t>>::unpack(parts.at(0));
  PartialGram result(sizes.at(0), std::make_shared<SpareBuffers>(), sizes.at(3) != 0);
  result.dense_rows_ = sizes.at(1);
  result.pairs_ = sizes.at(2);
  result.extra = Transport<std::vector<double>>::unpack(parts.at(1)).at(0);
  result.packed_ = numbers_of(parts.at(2));
  result.row_start_ = Transport<std::vector<std::int64_t>>::unpack(parts.at(3));
  result.channel_ = Transport<std::vector<std::uint32_t>>::unpack(parts.at(4));
  result.value_ = Transport<std::vector<double>>::unpack(parts.at(5));
  for (std::size_t i = 6; i < parts.size(); ++i) {
    result.dense_.push_back({.own = numbers_of(parts[i])});
  }
  return result;
}

std::int64_t PartialGram::most_bytes(std::int64_t columns, bool waits) {
  const std::int64_t square = columns * columns;
  const std::int64_t waiting_dense = square / static_cast<std::int64_t>(dense_parts);
  // A nonzero waits as 12 bytes and, where rows hold no more than one, 8 of its row; vectors grow by doubling.
  const std::int64_t waiting_sparse = 5 * (square / static_cast<std::int64_t>(sparse_parts));
  return 8 * (static_cast<std::int64_t>(packed_size(static_cast<std::size_t>(columns))) +
              (waits ? std::max(waiting_dense, waiting_sparse) : 0));
}

}  // namespace ruska::ops::unmix
