// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/simplex_vertices.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"

namespace ruska::ops::unmix {
namespace {

/// Mixtures of `width` vertices of a skew simplex, the pure ones at the places 5, 11, 17 …
std::vector<double> mixtures(std::size_t width, std::size_t number, std::uint64_t seed) {
  std::vector<double> points;
  for (std::size_t i = 0; i < number; ++i) {
    std::vector<double> share(width);
    double sum = 0;
    for (std::size_t k = 0; k < width; ++k) {
      share[k] = Random(seed, "mixtures", i * width + k).uniform();
      sum += share[k];
    }
    for (std::size_t k = 0; k < width; ++k) share[k] /= sum;
    if (i % 6 == 5 && i / 6 < width) {
      std::fill(share.begin(), share.end(), 0.0);
      share[i / 6] = 1;
    }
    // Vertex k lies at 1 along axis k and at 0.3 along the next.
    for (std::size_t d = 0; d < width; ++d) points.push_back(share[d] + 0.3 * share[(d + width - 1) % width]);
  }
  return points;
}

TEST(SimplexVertices, EverySearchFindsPurePoints) {
  for (const std::size_t width : {2, 3, 4}) {
    const std::vector<double> points = mixtures(width, 60, width);
    std::vector<std::size_t> pure;
    for (std::size_t k = 0; k < width; ++k) pure.push_back(6 * k + 5);
    EXPECT_THAT(successive_projections(points, width, width), testing::UnorderedElementsAreArray(pure));
    EXPECT_THAT(largest_simplex(points, width, width), testing::UnorderedElementsAreArray(pure));
    for (std::uint64_t start = 0; start < 5; ++start) {
      EXPECT_THAT(vertex_components(points, width, width, 1, start), testing::UnorderedElementsAreArray(pure));
    }
  }
}

TEST(SimplexVertices, LargestSimplexLeavesNoExchangeThatEnlargesIt) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    std::vector<double> points(3 * 40);
    for (std::size_t i = 0; i < points.size(); ++i) points[i] = Random(seed, "cloud", i).normal();
    const auto volume = [&](const std::vector<std::size_t>& chosen) {
      const double *a = &points[chosen[0] * 3], *b = &points[chosen[1] * 3], *c = &points[chosen[2] * 3];
      return std::abs(a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
                      a[2] * (b[0] * c[1] - b[1] * c[0]));
    };
    const std::vector<std::size_t> found = largest_simplex(points, 3, 3);
    EXPECT_GE(volume(found), volume(successive_projections(points, 3, 3)));
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t i = 0; i < 40; ++i) {
        std::vector<std::size_t> other = found;
        other[k] = i;
        EXPECT_LE(volume(other), volume(found) * (1 + 1e-8));
      }
    }
  }
}

TEST(SimplexVertices, PointsThatAllAgreeStillGiveAsManyAsAsked) {
  const std::vector<double> points(3 * 10, 1.0);
  for (const auto& found :
       {successive_projections(points, 3, 3), largest_simplex(points, 3, 3), vertex_components(points, 3, 3, 0, 0)}) {
    EXPECT_EQ(found.size(), 3u);
    EXPECT_NE(found[0], found[1]);
    EXPECT_NE(found[1], found[2]);
  }
}

}  // namespace
}  // namespace ruska::ops::unmix
