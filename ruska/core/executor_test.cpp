// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/executor.hpp"

#include <barrier>
#include <cmath>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"
#include "ruska/core/reduce_any_order.hpp"

namespace ruska {
namespace {

/// Ranks that are threads of this process.
class ThreadRanks {
 public:
  explicit ThreadRanks(int size)
      : size_(size), barrier_(size), slots_(static_cast<std::size_t>(size)), flags_(slots_.size()) {}

  std::shared_ptr<Communicator> rank(int number) { return std::make_shared<Rank>(*this, number); }

 private:
  class Rank final : public Communicator {
   public:
    Rank(ThreadRanks& all, int number) : all_(all), number_(number) {}
    int rank() const override { return number_; }
    int size() const override { return all_.size_; }
    std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) override {
      all_.slots_[static_cast<std::size_t>(number_)].assign(mine.begin(), mine.end());
      all_.barrier_.arrive_and_wait();
      auto copy = all_.slots_;
      all_.barrier_.arrive_and_wait();
      return copy;
    }
    bool any(bool mine) override {
      all_.flags_[static_cast<std::size_t>(number_)] = mine ? 1 : 0;
      all_.barrier_.arrive_and_wait();
      const bool result = std::accumulate(all_.flags_.begin(), all_.flags_.end(), 0) > 0;
      all_.barrier_.arrive_and_wait();
      return result;
    }

   private:
    ThreadRanks& all_;
    int number_;
  };

  int size_;
  std::barrier<> barrier_;
  std::vector<std::vector<std::byte>> slots_;
  std::vector<int> flags_;
};

/// A sum whose last bits depend on the order of its additions.
std::vector<double> awkward_sum(Context& context, std::int64_t rows) {
  Executor executor(context);
  return executor.reduce<std::vector<double>>(
      "sum", Partitions(rows, 100000), [] { return std::vector<double>(3); },
      [](std::vector<double>& sum, std::int64_t, RowRange range) {
        for (std::int64_t r = range.begin; r < range.end; ++r) {
          Random random(1, "awkward", static_cast<std::uint64_t>(r));
          for (double& part : sum) part += std::exp(20 * random.normal());
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
}

/// How often each remainder of a division by 3 occurs among the rows; a partial result is never used by two at once.
std::vector<std::int64_t> exact_count(Context& context, std::int64_t rows) {
  return reduce_any_order<std::vector<std::int64_t>>(
      context, "count", Partitions(rows, 100000), [] { return std::vector<std::int64_t>(4); },
      [](std::vector<std::int64_t>& counts, std::int64_t, RowRange range) {
        ASSERT_EQ(std::exchange(counts[3], 1), 0);
        for (std::int64_t r = range.begin; r < range.end; ++r) ++counts[static_cast<std::size_t>(r % 3)];
        counts[3] = 0;
      },
      [](std::vector<std::int64_t>& left, std::vector<std::int64_t>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
}

/// `sum(context)` on several threads and on several ranks.
template <class Sum>
void expect_everywhere(const Sum& sum, const decltype(sum(std::declval<Context&>()))& expected) {
  for (const int threads : {2, 7}) {
    Context context;
    context.threads = threads;
    EXPECT_EQ(sum(context), expected) << threads << " threads";
  }
  for (const int ranks : {2, 3, 5}) {
    ThreadRanks all(ranks);
    std::vector<std::decay_t<decltype(expected)>> results(static_cast<std::size_t>(ranks));
    std::vector<std::thread> threads;
    for (int r = 0; r < ranks; ++r) {
      threads.emplace_back([&, r] {
        Context context;
        context.threads = 2;
        context.ranks = all.rank(r);
        results[static_cast<std::size_t>(r)] = sum(context);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& result : results) EXPECT_EQ(result, expected) << ranks << " ranks";
  }
}

TEST(Executor, SumsToTheSameBitsOnAnyThreadsAndRanks) {
  for (const std::int64_t rows : {1, 2, 31, 32, 33, 1000}) {
    SCOPED_TRACE(std::to_string(rows) + " rows");
    Context one;
    one.threads = 1;
    expect_everywhere([&](Context& context) { return awkward_sum(context, rows); }, awkward_sum(one, rows));
  }
}

TEST(Executor, ExactSumsInAnyOrder) {
  for (const std::int64_t rows : {1, 2, 31, 32, 33, 1000}) {
    SCOPED_TRACE(std::to_string(rows) + " rows");
    expect_everywhere([&](Context& context) { return exact_count(context, rows); },
                      {(rows + 2) / 3, (rows + 1) / 3, rows / 3, 0});
  }
}

TEST(Executor, GathersTheRowsOfEveryRank) {
  const int ranks = 3;
  const Partitions partitions(100, 1);
  ThreadRanks all(ranks);
  std::vector<std::vector<int>> results(ranks, std::vector<int>(200, -1));
  std::vector<std::thread> threads;
  for (int r = 0; r < ranks; ++r) {
    threads.emplace_back([&, r] {
      Context context;
      context.threads = 2;
      context.ranks = all.rank(r);
      Executor executor(context);
      auto& values = results[static_cast<std::size_t>(r)];
      executor.for_each_chunk("fill", partitions, [&](std::int64_t, RowRange range) {
        for (std::int64_t i = 2 * range.begin; i < 2 * range.end; ++i)
          values[static_cast<std::size_t>(i)] = static_cast<int>(i);
      });
      executor.gather(partitions, 2, std::span(values));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<int> expected(200);
  std::iota(expected.begin(), expected.end(), 0);
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

TEST(Executor, AnErrorOnOneRankStopsAll) {
  ThreadRanks all(2);
  std::vector<ErrorKind> kinds(2, ErrorKind::internal);
  std::vector<std::thread> threads;
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&, r] {
      Context context;
      context.ranks = all.rank(r);
      try {
        Executor(context).for_each_chunk("fail", Partitions(64, 1), [&](std::int64_t p, RowRange) {
          if (p == 0) throw Error(ErrorKind::io, "the disk is gone");
        });
      } catch (const Error& error) {
        kinds[static_cast<std::size_t>(r)] = error.kind();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(kinds[0], ErrorKind::io);
  EXPECT_EQ(kinds[1], ErrorKind::cancelled);
}

TEST(Partitions, CoverTheRowsOnceInOrder) {
  for (const std::int64_t rows : {0, 1, 5, 32, 33, 4096, 1000003}) {
    for (const std::int64_t bytes : {1, 1000, 1 << 20, 1 << 24}) {
      const Partitions partitions(rows, bytes);
      std::int64_t next = 0;
      for (std::int64_t l = 0; l < partitions.leaves(); ++l) {
        for (std::int64_t p = partitions.leaf(l).begin; p < partitions.leaf(l).end; ++p) {
          EXPECT_EQ(partitions.range(p).begin, next);
          EXPECT_GT(partitions.range(p).size(), 0);
          next = partitions.range(p).end;
        }
      }
      EXPECT_EQ(next, rows);
    }
  }
}

}  // namespace
}  // namespace ruska
