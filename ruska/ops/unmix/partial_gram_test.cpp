// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/partial_gram.hpp"

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::size_t columns = 24;

struct Row {
  bool dense = false;
  std::vector<std::uint32_t> channel;
  std::vector<double> value;
};

/// Integers, so that sums are exact in any order; every third row is dense, some are empty.
std::vector<Row> rows_of(std::size_t count) {
  std::vector<Row> rows(count);
  for (std::size_t r = 0; r < count; ++r) {
    Random random(7, "partial_gram_test", r);
    rows[r].dense = r % 3 == 0;
    for (std::uint32_t c = 0; c < columns; ++c) {
      const auto value = static_cast<double>(random.poisson(r % 5 == 1 ? 0.0 : 0.4)) - (c % 7 == 0 ? 1 : 0);
      if (value == 0 && !rows[r].dense) continue;
      rows[r].channel.push_back(c);
      rows[r].value.push_back(value);
    }
  }
  return rows;
}

void add_row(PartialGram& gram, const Row& row) {
  if (row.dense) {
    // Some of one's own, some shared.
    if (row.value[0] >= 0) {
      const auto owner = std::make_shared<const std::vector<double>>(row.value);
      gram.add_dense_rows(*owner, owner);
    } else {
      std::copy(row.value.begin(), row.value.end(), gram.more_dense_rows(1));
    }
  } else {
    gram.add_sparse_row(row.channel, row.value);
  }
  gram.extra += row.value.empty() ? 0 : row.value[0];
}

/// Sums rows in runs of `run` and joins the runs from left to right, each through `travel`.
template <class Travel>
void expect_exact(std::size_t count, std::size_t run, const Travel& travel) {
  const std::vector<Row> rows = rows_of(count);
  const auto spare = std::make_shared<SpareBuffers>();
  PartialGram whole(columns, spare);
  for (std::size_t first = 0; first < count; first += run) {
    PartialGram part(columns, spare);
    for (std::size_t r = first; r < std::min(count, first + run); ++r) {
      add_row(part, rows[r]);
      part.settle();
    }
    whole.merge(travel(std::move(part)));
  }
  std::vector<double> expected(columns * columns, 0.0);
  double extra = 0;
  for (const Row& row : rows) {
    extra += row.value.empty() ? 0 : row.value[0];
    for (std::size_t i = 0; i < row.value.size(); ++i) {
      for (std::size_t j = i; j < row.value.size(); ++j) {
        expected[row.channel[i] * columns + row.channel[j]] += row.value[i] * row.value[j];
      }
    }
  }
  EXPECT_EQ(whole.extra, extra);
  const LargeArray<double> found = whole.finish();
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < columns; ++i) {
    for (std::size_t j = i; j < columns; ++j) EXPECT_EQ(found[i * columns + j], expected[i * columns + j]);
  }
}

TEST(PartialGram, SumsMixedRowsExactlyHoweverTheyAreCut) {
  const auto stay = [](PartialGram&& part) { return std::move(part); };
  for (const std::size_t count : {0, 1, 5, 200}) {
    for (const std::size_t run : {1, 3, 50, 500}) expect_exact(count, run, stay);
  }
}

TEST(PartialGram, TravelsBetweenRanksWhetherSummedUpOrWaiting) {
  const auto packed = [](PartialGram&& part) { return PartialGram::unpack(part.pack()); };
  for (const std::size_t run : {2, 40, 200}) expect_exact(200, run, packed);
}

TEST(PartialGram, WaitsWithinItsBytes) {
  // The bound of one that has settled: a triangle, and half of the square for dense rows.
  EXPECT_GE(PartialGram::most_bytes(1024), 8 * (512 * 1025 + 512 * 1024));
}

TEST(SpareBuffers, GiveTheSmallestThatIsLargeEnough) {
  SpareBuffers spare;
  LargeArray<double> large(100), small(10);
  const double* of_large = large.data();
  const double* of_small = small.data();
  spare.give(std::move(large));
  spare.give(std::move(small));
  EXPECT_EQ(spare.take(8).data(), of_small);
  EXPECT_EQ(spare.take(8).data(), of_large);
  EXPECT_EQ(spare.take(8).size(), 8u);
}

}  // namespace
}  // namespace ruska::ops::unmix
