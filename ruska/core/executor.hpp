// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ruska/base/error.hpp"
#include "ruska/core/context.hpp"

namespace ruska {

/// A range [begin, end) of rows: navigation positions in C order.
struct RowRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return end - begin; }
};

/// The rows of a dataset cut into consecutive ranges, and these grouped into at most 32 leaves of a reduction tree.
/// The cut follows from the number and size of the rows alone, so that every thread count, rank count, memory budget
/// and storage chunk gives the same partial sums.
class Partitions {
 public:
  Partitions(std::int64_t rows, std::int64_t bytes_per_row);

  std::int64_t rows() const { return rows_; }
  std::int64_t count() const { return count_; }
  /// Rows in the largest range.
  std::int64_t largest() const { return step_; }
  RowRange range(std::int64_t partition) const;

  std::int64_t leaves() const { return leaves_; }
  /// The partitions [begin, end) of one leaf.
  RowRange leaf(std::int64_t index) const;
  /// The leaves [begin, end) that a rank works on.
  RowRange leaves_of(int rank, int ranks) const;

 private:
  std::int64_t rows_, step_, count_, leaves_;
};

/// How a partial result travels between ranks.
template <class T>
struct Transport {
  static std::vector<std::byte> pack(const T& value) { return value.pack(); }
  static T unpack(std::span<const std::byte> bytes) { return T::unpack(bytes); }
};

template <class T>
requires std::is_trivially_copyable_v<T>
struct Transport<std::vector<T>> {
  static std::vector<std::byte> pack(const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {bytes.begin(), bytes.end()};
  }
  static std::vector<T> unpack(std::span<const std::byte> bytes) {
    std::vector<T> values(bytes.size() / sizeof(T));
    std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span(values)).begin());
    return values;
  }
};

/// Runs work over partitions on threads and ranks. Two verbs, `for_each_chunk` and `reduce`, and `gather` for rows
/// that each rank computed. Progress ticks and cancellation are checked once per partition.
class Executor {
 public:
  explicit Executor(Context& context) : context_(context) {}

  /// Calls `work(partition, range)` for every partition that this rank owns.
  void for_each_chunk(const std::string& stage, const Partitions& partitions,
                      const std::function<void(std::int64_t, RowRange)>& work);

  /// Accumulates all partitions and merges the partial results along a tree that depends on their number alone.
  ///   init() → T;  accumulate(T&, partition, RowRange);  merge(T& left, T&& right).
  /// Every rank gets the result. At most `2 · threads + log2` partial results exist at a time.
  template <class T>
  T reduce(const std::string& stage, const Partitions& partitions, const std::function<T()>& init,
           const std::function<void(T&, std::int64_t, RowRange)>& accumulate,
           const std::function<void(T&, T&&)>& merge);

  /// `values` holds `width` elements per row, of which this rank has filled its own rows; afterwards all are there.
  template <class T>
  void gather(const Partitions& partitions, std::int64_t width, std::span<T> values) {
    gather_bytes(partitions, width * static_cast<std::int64_t>(sizeof(T)), std::as_writable_bytes(values));
  }

 private:
  /// Ticks that this rank will make over the partitions.
  std::int64_t ticks(const Partitions& partitions) const;
  void gather_bytes(const Partitions& partitions, std::int64_t bytes_per_row, std::span<std::byte> values);
  /// Runs both, in parallel where threads are free.
  void fork(const std::function<void()>& left, const std::function<void()>& right);
  /// Runs inside this context's threads; an error on any rank becomes an error on all.
  void inside(const std::function<void()>& action);
  template <class T, class Leaf, class Merge>
  T reduce_tree(RowRange leaves, const Leaf& leaf, const Merge& merge);

  Context& context_;
};

namespace detail {

/// Where the tree over these leaves splits: at the largest power of two below their number.
inline std::int64_t split(RowRange leaves) {
  return leaves.begin + static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(leaves.size() - 1)));
}
/// The largest subtrees of the tree over `node` that lie within `range`, left to right.
void covering_subtrees(RowRange node, RowRange range, std::vector<RowRange>& out);
std::vector<std::byte> frame(const std::vector<std::vector<std::byte>>& parts);
std::vector<std::vector<std::byte>> unframe(std::span<const std::byte> bytes);

}  // namespace detail

template <class T, class Leaf, class Merge>
T Executor::reduce_tree(RowRange leaves, const Leaf& leaf, const Merge& merge) {
  if (leaves.size() == 1) return leaf(leaves.begin);
  const std::int64_t middle = detail::split(leaves);
  std::optional<T> left, right;
  fork(
      [&] {
        left.emplace(reduce_tree<T>({leaves.begin, middle}, leaf, merge));
      },
      [&] {
        right.emplace(reduce_tree<T>({middle, leaves.end}, leaf, merge));
      });
  // A failure elsewhere in the tree makes the scheduler skip work without telling; the first error is then on its way.
  if (!left || !right) throw Error(ErrorKind::cancelled, "stopped because another part of the work failed");
  merge(*left, std::move(*right));
  return std::move(*left);
}

template <class T>
T Executor::reduce(const std::string& stage, const Partitions& partitions, const std::function<T()>& init,
                   const std::function<void(T&, std::int64_t, RowRange)>& accumulate,
                   const std::function<void(T&, T&&)>& merge) {
  const RowRange whole{0, partitions.leaves()};
  if (whole.size() == 0) return init();
  context_.stage(stage, ticks(partitions));
  const auto leaf = [&](std::int64_t index) {
    T partial = init();
    const RowRange run = partitions.leaf(index);
    for (std::int64_t p = run.begin; p < run.end; ++p) {
      if (context_.stopping()) break;
      accumulate(partial, p, partitions.range(p));
      context_.tick();
    }
    return partial;
  };

  Communicator& ranks = *context_.ranks;
  if (ranks.size() == 1) {
    std::optional<T> result;
    inside([&] { result.emplace(reduce_tree<T>(whole, leaf, merge)); });
    return std::move(*result);
  }

  // Each rank reduces the largest subtrees within its own leaves; every rank then joins the subtrees of all.
  std::vector<std::vector<std::byte>> packed;
  inside([&] {
    std::vector<RowRange> mine;
    detail::covering_subtrees(whole, partitions.leaves_of(ranks.rank(), ranks.size()), mine);
    for (const RowRange& subtree : mine) {
      packed.push_back(Transport<T>::pack(reduce_tree<T>(subtree, leaf, merge)));
    }
  });
  std::vector<RowRange> nodes;
  std::vector<T> values;
  const auto gathered = ranks.all_gather(detail::frame(packed));
  for (int rank = 0; rank < ranks.size(); ++rank) {
    detail::covering_subtrees(whole, partitions.leaves_of(rank, ranks.size()), nodes);
    for (const auto& bytes : detail::unframe(gathered[static_cast<std::size_t>(rank)])) {
      values.push_back(Transport<T>::unpack(bytes));
    }
  }
  std::size_t next = 0;
  const std::function<T(RowRange)> join = [&](RowRange node) -> T {
    if (nodes[next].begin == node.begin && nodes[next].end == node.end) return std::move(values[next++]);
    const std::int64_t middle = detail::split(node);
    T left = join({node.begin, middle});
    T right = join({middle, node.end});
    merge(left, std::move(right));
    return left;
  };
  return join(whole);
}

}  // namespace ruska
