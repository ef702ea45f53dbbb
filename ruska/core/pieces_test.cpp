// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/pieces.hpp"

#include <numeric>

#include <gtest/gtest.h>

namespace ruska {
namespace {

TEST(PiecesTest, CoverEveryElementOnceAndKeepToTheSteps) {
  for (const Shape& shape : {Shape{7}, Shape{5, 6}, Shape{3, 1, 9}, Shape{4, 5, 6, 7}}) {
    for (const std::int64_t step : {1, 2, 4}) {
      for (const std::int64_t limit : {1, 10, 60, 10000}) {
        SCOPED_TRACE(to_string(shape) + ", step " + std::to_string(step) + ", limit " + std::to_string(limit));
        const Pieces pieces(shape, Shape(shape.size(), step), limit);
        std::vector<std::uint8_t> seen(static_cast<std::size_t>(count(shape)));
        for (std::int64_t i = 0; i < pieces.count(); ++i) {
          const Region region = pieces.at(i);
          std::int64_t one_step = 1;
          for (std::size_t a = 0; a < shape.size(); ++a) {
            const std::int64_t whole = std::min(step, shape[a]);
            one_step *= whole;
            EXPECT_EQ(region.start[a] % whole, 0);
            EXPECT_TRUE(region.shape[a] % whole == 0 || region.start[a] + region.shape[a] == shape[a]);
          }
          EXPECT_LE(region.count(), std::max(limit, one_step));
          std::vector<std::uint8_t> before(static_cast<std::size_t>(region.count()));
          copy_region(std::as_bytes(std::span(seen)), shape, 1, region, std::as_writable_bytes(std::span(before)));
          EXPECT_EQ(std::accumulate(before.begin(), before.end(), 0), 0);
          std::fill(before.begin(), before.end(), std::uint8_t{1});
          paste_region(std::as_bytes(std::span(before)), region, std::as_writable_bytes(std::span(seen)), shape, 1);
        }
        EXPECT_EQ(std::accumulate(seen.begin(), seen.end(), std::int64_t{0}), count(shape));
      }
    }
  }
}

TEST(PiecesTest, AnArrayWithoutElementsHasNoPieceAndASingleValueOne) {
  EXPECT_EQ(Pieces({3, 0, 2}, {1, 1, 1}, 10).count(), 0);
  EXPECT_EQ(Pieces({}, {}, 10).count(), 1);
  EXPECT_EQ(Pieces({}, {}, 10).at(0).count(), 1);
}

TEST(PiecesTest, WidensAlongTheLastAxesFirst) {
  const Pieces pieces({10, 10, 100}, {1, 4, 100}, 900);
  EXPECT_EQ(pieces.largest(), (Shape{1, 8, 100}));
  EXPECT_EQ(pieces.count(), 20);
}

}  // namespace
}  // namespace ruska
