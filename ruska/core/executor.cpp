// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/executor.hpp"

#include <cstring>
#include <exception>

#include <cblas.h>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/task_arena.h>

#include "ruska/base/error.hpp"

namespace ruska {
namespace {

constexpr std::int64_t partition_bytes = 2 << 20;  // of dense values: a worker's buffers stay in its L2 and L3 share
constexpr std::int64_t most_leaves = 32;           // partial results, such as Gram matrices, can be large

}  // namespace

Partitions::Partitions(std::int64_t rows, std::int64_t bytes_per_row) : rows_(rows) {
  const std::int64_t by_size = std::max<std::int64_t>(1, partition_bytes / std::max<std::int64_t>(1, bytes_per_row));
  const std::int64_t by_number = std::max<std::int64_t>(1, (rows + most_leaves - 1) / most_leaves);
  step_ = std::min(by_size, by_number);
  count_ = (rows + step_ - 1) / step_;
  leaves_ = std::min(count_, most_leaves);
}

RowRange Partitions::range(std::int64_t partition) const {
  return {partition * step_, std::min(rows_, (partition + 1) * step_)};
}

RowRange Partitions::leaf(std::int64_t index) const {
  return {count_ * index / leaves_, count_ * (index + 1) / leaves_};
}

RowRange Partitions::leaves_of(int rank, int ranks) const {
  return {leaves_ * rank / ranks, leaves_ * (rank + 1) / ranks};
}

namespace detail {

void covering_subtrees(RowRange node, RowRange range, std::vector<RowRange>& out) {
  if (node.size() <= 0 || node.end <= range.begin || node.begin >= range.end) return;
  if (node.begin >= range.begin && node.end <= range.end) {
    out.push_back(node);
    return;
  }
  const std::int64_t middle = split(node);
  covering_subtrees({node.begin, middle}, range, out);
  covering_subtrees({middle, node.end}, range, out);
}

std::vector<std::byte> frame(const std::vector<std::vector<std::byte>>& parts) {
  std::vector<std::byte> bytes;
  for (const auto& part : parts) {
    const auto size = static_cast<std::uint64_t>(part.size());
    const auto head = std::as_bytes(std::span(&size, 1));
    bytes.insert(bytes.end(), head.begin(), head.end());
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

std::vector<std::vector<std::byte>> unframe(std::span<const std::byte> bytes) {
  std::vector<std::vector<std::byte>> parts;
  while (!bytes.empty()) {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data(), sizeof(size));
    bytes = bytes.subspan(sizeof(size));
    parts.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes = bytes.subspan(size);
  }
  return parts;
}

}  // namespace detail

std::int64_t Executor::ticks(const Partitions& partitions) const {
  const RowRange leaves = partitions.leaves_of(context_.ranks->rank(), context_.ranks->size());
  return leaves.size() == 0 ? 0 : partitions.leaf(leaves.end - 1).end - partitions.leaf(leaves.begin).begin;
}

void Executor::inside(const std::function<void()>& action) {
  std::exception_ptr failure;
  try {
    openblas_set_num_threads(1);  // its results depend on its thread count
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(context_.threads));
    tbb::task_arena arena(context_.threads);
    arena.execute([&] { action(); });
  } catch (...) {
    failure = std::current_exception();
  }
  const bool failed = context_.ranks->any(failure != nullptr);
  if (failure) std::rethrow_exception(failure);
  if (failed) throw Error(ErrorKind::cancelled, "stopped because another rank failed");
}

void Executor::fork(const std::function<void()>& left, const std::function<void()>& right) {
  tbb::parallel_invoke(left, right);
}

void Executor::for_each_chunk(const std::string& stage, const Partitions& partitions,
                              const std::function<void(std::int64_t, RowRange)>& work) {
  context_.stage(stage, ticks(partitions));
  const RowRange leaves = partitions.leaves_of(context_.ranks->rank(), context_.ranks->size());
  inside([&] {
    if (leaves.size() == 0) return;
    const tbb::blocked_range<std::int64_t> all(partitions.leaf(leaves.begin).begin, partitions.leaf(leaves.end - 1).end,
                                               1);
    tbb::parallel_for(
        all,
        [&](const tbb::blocked_range<std::int64_t>& some) {
          for (std::int64_t p = some.begin(); p < some.end(); ++p) {
            if (context_.stopping()) break;
            work(p, partitions.range(p));
            context_.tick();
          }
        },
        tbb::simple_partitioner());
  });
}

void Executor::gather_bytes(const Partitions& partitions, std::int64_t bytes_per_row, std::span<std::byte> values) {
  Communicator& ranks = *context_.ranks;
  if (ranks.size() == 1) return;
  const auto rows_of = [&](int rank) -> std::span<std::byte> {
    const RowRange leaves = partitions.leaves_of(rank, ranks.size());
    if (leaves.size() == 0) return {};
    const std::int64_t begin = partitions.range(partitions.leaf(leaves.begin).begin).begin;
    const std::int64_t end = partitions.range(partitions.leaf(leaves.end - 1).end - 1).end;
    return values.subspan(static_cast<std::size_t>(begin * bytes_per_row),
                          static_cast<std::size_t>((end - begin) * bytes_per_row));
  };
  const auto gathered = ranks.all_gather(rows_of(ranks.rank()));
  for (int rank = 0; rank < ranks.size(); ++rank) {
    const auto& bytes = gathered[static_cast<std::size_t>(rank)];
    std::copy(bytes.begin(), bytes.end(), rows_of(rank).begin());
  }
}

}  // namespace ruska
